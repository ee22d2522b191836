package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which uses of {@code zerodowntime.phase} keep the fence's guarantees, and which lose a write. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class PhaseFunctionTest {
  /**
   * Asks for the phase behind the wait, so that a step can be taken between it and the snapshot.
   */
  private static final String HELD =
      """
      WITH held AS MATERIALIZED (
        SELECT 'orders-status' || pg_advisory_xact_lock_shared(78)::text AS migration
      )
      """;

  private static final String SLOW_WRITE =
      HELD
          + """
          INSERT INTO orders (user_id, amount, old_status)
          SELECT 1, 1, 'SLOW' FROM held WHERE zerodowntime.phase(held.migration) = 0
          """;

  private static final String SLOW_READ =
      HELD
          + """
          SELECT CASE WHEN %s(held.migration) >= 2 THEN o.status ELSE lower(o.old_status) END
          FROM held, orders o
          """;

  private static final String OLD_RULE =
      """
      INSERT INTO orders (user_id, amount, old_status)
      SELECT 1, 1, 'LATE' WHERE zerodowntime.phase('orders-status') = 0
      """;

  private static final String AT_READ_COMMITTED =
      " AND current_setting('transaction_isolation') = 'read committed'";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  private final ExecutorService sessions = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
  }

  @AfterEach
  void end() {
    sessions.shutdownNow();
    database.run("DROP FUNCTION IF EXISTS phase_of(text)");
  }

  @Test
  void inTheWritingStatementItReadsThatStatementsSnapshot() throws Exception {
    try (Connection gate = database.session("gate");
        Connection writer = database.session("by-function")) {
      execute(gate, "SELECT pg_advisory_xact_lock(78)");
      Future<?> write = sessions.submit(() -> executed(writer, SLOW_WRITE));
      awaitWaiting("by-function");
      assertThat(engine.ask(1)).isEqualTo(1);
      gate.rollback();
      write.get();
      engine.beat();
      assertThat(engine.status().phase().drained()).as("while the writer is open").isFalse();
      writer.commit();
    }
    assertThat(database.one("SELECT old_status FROM orders WHERE status IS NULL"))
        .as("the rule of its snapshot, asked for behind the step")
        .isEqualTo("SLOW");
    engine.beat();
    assertThat(engine.status().phase().drained()).isTrue();
    engine.backfill();
    assertThat(engine.compare().mismatched()).isZero();
  }

  /** One statement for every phase in which both columns exist; it never has to be sent again. */
  @ParameterizedTest
  @CsvSource({"0, PAID|", "1, PAID|paid", "2, PAID|paid", "3, |paid"})
  void choosesTheColumnsOfOneStatement(int phase, String columns) {
    database.run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
    database.phase(phase);
    database.run(
        """
        INSERT INTO orders (user_id, amount, old_status, status)
        SELECT 1, 1, CASE WHEN s.phase = 3 THEN NULL ELSE upper('paid') END,
          CASE WHEN s.phase >= 1 THEN 'paid' END
        FROM (SELECT zerodowntime.phase('orders-status') AS phase) AS s
        """);
    assertThat(database.one("SELECT concat(old_status, '|', status) FROM orders"))
        .isEqualTo(columns == null ? "" : columns);
  }

  @Test
  void inAnEarlierStatementItProvesNothing() throws Exception {
    try (Connection writer = database.session("asks-first")) {
      execute(writer, "SELECT zerodowntime.phase('orders-status')");
      stepAndFill();
      execute(writer, "INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'LATE')");
      writer.commit();
    }
    assertLost(1);
  }

  /** A snapshot of the whole transaction may be older than the lock on the table. */
  @ParameterizedTest
  @CsvSource({"REPEATABLE READ", "SERIALIZABLE"})
  void aboveReadCommittedItReadsASnapshotThatIsTooOld(String level) throws Exception {
    try (Connection writer = snapshot(level)) {
      stepAndFill();
      execute(writer, OLD_RULE + AT_READ_COMMITTED);
      assertLost(0);
      execute(writer, OLD_RULE);
      writer.commit();
    }
    assertLost(1);
  }

  private Connection snapshot(String level) throws SQLException {
    Connection writer = database.session("old-snapshot");
    execute(writer, "SET TRANSACTION ISOLATION LEVEL " + level);
    execute(writer, "SELECT FROM migration_state");
    return writer;
  }

  /** A function around it is VOLATILE unless it says otherwise, and takes another snapshot. */
  @ParameterizedTest
  @CsvSource({"VOLATILE, NULL", "STABLE, paid"})
  void aFunctionAroundItMustBeStable(String volatility, String read) throws Exception {
    database.run(
        "CREATE FUNCTION phase_of(name text) RETURNS integer LANGUAGE plpgsql %s AS"
                .formatted(volatility)
            + " 'BEGIN RETURN zerodowntime.phase(name); END'");
    database.run("INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'PAID')");
    try (Connection gate = database.session("gate");
        Connection reader = database.session("reader")) {
      execute(gate, "SELECT pg_advisory_xact_lock(78)");
      Future<String> value =
          sessions.submit(() -> String.valueOf(first(reader, SLOW_READ.formatted("phase_of"))));
      awaitWaiting("reader");
      database.run("UPDATE orders SET status = lower(old_status)");
      database.phase(2);
      gate.rollback();
      assertThat(value.get()).isEqualToIgnoringCase(read);
    }
  }

  private void stepAndFill() {
    assertThat(engine.ask(1)).isEqualTo(1);
    engine.beat();
    assertThat(engine.status().phase().drained()).isTrue();
    engine.backfill();
  }

  private void assertLost(int rows) {
    assertThat(engine.compare().mismatched()).isEqualTo(rows);
  }

  private static Void executed(Connection connection, String sql) throws SQLException {
    execute(connection, sql);
    return null;
  }

  private static String first(Connection connection, String sql) throws SQLException {
    try (ResultSet row = connection.createStatement().executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private void awaitWaiting(String applicationName) {
    await()
        .until(
            () ->
                database.number(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
                            + " AND application_name = '"
                            + applicationName
                            + "'")
                    == 1);
  }
}
