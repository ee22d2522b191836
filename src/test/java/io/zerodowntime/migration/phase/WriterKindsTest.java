package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the fence holds for statements that are not a plain INSERT or UPDATE of one transaction. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class WriterKindsTest {
  private static final String IN_PHASE =
      " FROM migration_state WHERE name = 'orders-status' AND phase = ";
  private static final String OLD_RULE =
      "INSERT INTO orders (user_id, amount, old_status) SELECT 1, 1, 'PAID'" + IN_PHASE + 0;
  private static final String BOTH_RULE =
      "INSERT INTO orders (user_id, amount, old_status, status) SELECT 1, 1, 'PAID', 'paid'"
          + IN_PHASE
          + 1;

  /** A file of one column, as a client would send it. */
  private static final String COPY = "COPY %s FROM PROGRAM 'echo 1,1,PAID' (FORMAT csv)";

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
  }

  /** It may write by two rules, and the grace period waits for its end. */
  @Test
  void eachStatementOfATransactionHasAFenceOfItsOwn() throws Exception {
    try (Connection writer = database.session("several-statements")) {
      assertThat(rows(writer, OLD_RULE)).isOne();
      assertThat(engine.ask(1)).isEqualTo(1);
      assertThat(rows(writer, OLD_RULE)).isZero();
      assertThat(rows(writer, BOTH_RULE)).isOne();
      engine.beat();
      assertThat(engine.status().phase().drained()).isFalse();
      writer.commit();
    }
    engine.beat();
    engine.backfill();
    assertThat(engine.compare().mismatched()).isZero();
  }

  private static int rows(Connection writer, String sql) throws SQLException {
    try (Statement statement = writer.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  @Test
  void aMergeHasTheFenceInItsSource() {
    assumeTrue(database.number("SHOW server_version_num") >= 150000, "no MERGE");
    database.run("INSERT INTO orders (id, user_id, amount, old_status) VALUES (7, 1, 1, 'NEW')");
    String merge =
        """
        MERGE INTO orders o USING (SELECT 7 AS id, 'paid' AS status%s) v ON o.id = v.id
        WHEN MATCHED THEN UPDATE SET old_status = upper(v.status), status = v.status
        WHEN NOT MATCHED THEN INSERT (user_id, amount, old_status, status)
          VALUES (1, 1, upper(v.status), v.status)
        """
            .formatted(IN_PHASE + 1);
    database.run(merge);
    assertThat(database.one("SELECT old_status FROM orders")).isEqualTo("NEW");
    step();
    database.run(merge);
    assertThat(database.one("SELECT old_status || status FROM orders")).isEqualTo("PAIDpaid");
  }

  /** COPY can have no fence: it goes to a table of its own, and an INSERT takes it from there. */
  @Test
  void aCopyOfOneSideIsFoundAndOneBehindTheFenceIsRight() throws Exception {
    step();
    engine.backfill();
    try (Connection writer = database.session("copy")) {
      execute(writer, "CREATE TEMPORARY TABLE given (user_id bigint, amount numeric, status text)");
      execute(writer, COPY.formatted("given"));
      assertThat(
              rows(
                  writer,
                  "INSERT INTO orders (user_id, amount, old_status, status)"
                      + " SELECT user_id, amount, upper(given.status), lower(given.status)"
                      + (IN_PHASE + 1).replace("FROM", "FROM given,")))
          .isOne();
      writer.commit();
    }
    assertThat(engine.compare().mismatched()).isZero();
    database.run(COPY.formatted("orders (user_id, amount, old_status)"));
    assertThat(engine.compare().mismatched()).isOne();
  }

  /** They wait for the table's lock first, and then find that the phase is another one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        OLD_RULE,
        "PREPARE by_name AS " + OLD_RULE + "; EXECUTE by_name",
        "DO $$ BEGIN " + OLD_RULE + "; END $$"
      })
  void statementsTakeTheirSnapshotBehindTheLock(String sql) throws Exception {
    stepWhileItWaitsForTheTable(sql);
    assertThat(database.number("SELECT count(*) FROM orders")).isZero();
  }

  /** The one statement that takes its snapshot first: a condition is not a fence there. */
  @Test
  void aCopyTakesItsSnapshotBeforeTheLock() throws Exception {
    stepWhileItWaitsForTheTable(
        COPY.formatted("orders (user_id, amount, old_status)")
            + " WHERE zerodowntime.phase('orders-status') = 0");
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NULL")).isOne();
  }

  private void stepWhileItWaitsForTheTable(String sql) throws Exception {
    try (Connection holder = database.session("holder");
        Connection writer = database.session("waiter")) {
      writer.setAutoCommit(true);
      execute(holder, "LOCK TABLE orders IN SHARE MODE");
      Future<?> write =
          sessions.submit(
              () -> {
                execute(writer, sql);
                return null;
              });
      await()
          .until(
              () ->
                  database.number(
                          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                              + " AND application_name = 'waiter'")
                      == 1);
      step();
      holder.rollback();
      write.get();
    }
  }

  private void step() {
    assertThat(engine.ask(1)).isEqualTo(1);
    engine.beat();
    assertThat(engine.status().phase().drained()).isTrue();
  }
}
