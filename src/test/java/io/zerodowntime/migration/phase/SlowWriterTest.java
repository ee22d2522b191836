package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.migration.status.MigrationStatus;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A write by the rule of phase 0 that is still in flight while phase 1 is committed. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class SlowWriterTest {
  /** The order store's statement of phase 0, made to wait inside its own snapshot. */
  private static final String SLOW =
      """
      WITH state AS (
        SELECT phase FROM migration_state WHERE name = 'orders-status'
      ), held AS MATERIALIZED (
        SELECT %s
      ), created AS (
        INSERT INTO orders (user_id, amount, old_status)
        SELECT 1, 1, 'SLOW' FROM held, state WHERE phase = 0
        RETURNING id
      )
      SELECT state.phase FROM state LEFT JOIN created ON true
      """;

  /** Waits before the first row is written: such a writer has no transaction id yet. */
  private static final String UNTIL_RELEASED = SLOW.formatted("pg_advisory_xact_lock_shared(77)");

  private static final String FOR_SOME_SECONDS = SLOW.formatted("pg_sleep(4)");

  @Inject EngineDatabase database;
  @Inject Engine engine;
  private final ExecutorService writers = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
  }

  @AfterEach
  void end() {
    database
        .rows(
            "SELECT 'ROLLBACK PREPARED ' || quote_literal(gid) FROM pg_prepared_xacts WHERE"
                + " database = current_database()")
        .forEach(database::run);
    writers.shutdownNow();
  }

  @Test
  void isWaitedForThoughItHasNoTransactionId() throws Exception {
    try (Connection gate = database.session("gate");
        Connection writer = database.session("slow-writer")) {
      execute(gate, "SELECT pg_advisory_xact_lock(77)");
      Future<?> write = start(writer, UNTIL_RELEASED);
      awaitWaiting("slow-writer");
      assertThat(transactionIds("slow-writer")).isZero();

      assertThat(engine.ask(1)).isEqualTo(1);
      assertHeldBy("slow-writer");
      engine.beat();
      assertHeldBy("slow-writer");

      gate.rollback();
      write.get();
      engine.beat();
      assertHeldBy("slow-writer");
      writer.commit();
    }
    assertFilledAfterwards();
  }

  @Test
  void isWaitedForWhileItsStatementSleeps() throws Exception {
    try (Connection writer = database.session("sleeper")) {
      writer.setAutoCommit(true);
      Future<?> write = start(writer, FOR_SOME_SECONDS);
      awaitWaiting("sleeper");

      assertThat(engine.ask(1)).isEqualTo(1);
      assertHeldBy("sleeper");
      await()
          .until(
              () -> {
                boolean ended = write.isDone();
                engine.beat();
                return ended || !engine.status().phase().drained();
              });
      write.get();
    }
    assertFilledAfterwards();
  }

  @Test
  void isWaitedForInATransactionOfManyStatements() throws Exception {
    try (Connection writer = database.session("long-transaction")) {
      execute(writer, SLOW.formatted("1"));
      assertThat(transactionIds("long-transaction")).isOne();

      assertThat(engine.ask(1)).isEqualTo(1);
      assertHeldBy("long-transaction");
      execute(writer, SLOW.formatted("1"));
      writer.commit();
    }
    assertFilledAfterwards();
  }

  @Test
  void isWaitedForWhenItIsPreparedAfterItWasListed() throws Exception {
    try (Connection writer = database.session("two-phase")) {
      execute(writer, SLOW.formatted("1"));
      assertThat(engine.ask(1)).isEqualTo(1);
      assertHeldBy("two-phase");

      execute(writer, "PREPARE TRANSACTION 'late'");
      writer.setAutoCommit(true);
      engine.beat();
      engine.beat();
      MigrationStatus status = engine.status();
      assertThat(status.phase().drained()).isFalse();
      assertThat(status.phase().gracePeriod())
          .singleElement()
          .satisfies(
              holder -> {
                assertThat(holder.preparedAs()).contains("late");
                assertThat(holder.pid()).isEmpty();
              });
      assertRefused();
      execute(writer, "COMMIT PREPARED 'late'");
    }
    assertFilledAfterwards();
  }

  @Test
  void isWaitedForWhenTheReconcilerDiesBeforeOrAfterItListed() throws Exception {
    try (Connection writer = database.session("slow-writer");
        Connection reconciler = database.session("reconciler")) {
      execute(writer, SLOW.formatted("1"));
      execute(
          reconciler,
          "SELECT pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0))");
      assertThat(engine.ask(1)).as("one reconciler at a time").isZero();
      execute(
          reconciler,
          "UPDATE migration_state SET phase = 1, epoch = 1, draining = NULL, drained_at = NULL");
      reconciler.commit();
      execute(
          reconciler,
          "SELECT pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0))");
      execute(reconciler, "UPDATE migration_state SET draining = '{}', drained_at = now()");
      kill("reconciler");

      engine.beat();
      assertHeldBy("slow-writer");
      writer.commit();
    }
    assertFilledAfterwards();
  }

  @Test
  void isNotJoinedByThoseThatCameLater() throws Exception {
    try (Connection writer = database.session("slow-writer");
        Connection later = database.session("later")) {
      execute(writer, SLOW.formatted("1"));
      engine.ask(1);
      execute(
          later,
          "INSERT INTO orders (user_id, amount, old_status, status) VALUES (1, 1, 'A', 'a')");
      engine.beat();
      assertHeldBy("slow-writer");

      writer.commit();
      engine.beat();
      assertThat(engine.status().phase().drained()).as("drained beside a later writer").isTrue();
      later.rollback();
    }
  }

  @Test
  void doesNothingIfItsSnapshotIsFromAfterTheStep() throws Exception {
    engine.ask(1);
    database.run(SLOW.formatted("1"));
    assertThat(database.number("SELECT count(*) FROM orders")).isZero();
  }

  private void assertHeldBy(String applicationName) {
    MigrationStatus status = engine.status();
    assertThat(status.phase().effective().phase()).isEqualTo(1);
    assertThat(status.phase().drained()).isFalse();
    assertThat(status.phase().gracePeriod())
        .singleElement()
        .satisfies(
            holder -> {
              assertThat(holder.applicationName()).contains(applicationName);
              assertThat(holder.pid()).hasValueSatisfying(pid -> assertThat(pid).isPositive());
              assertThat(holder.ageSeconds()).isPositive();
            });
    assertRefused();
  }

  private void assertRefused() {
    Response refused = Api.command("/backfill");
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.jsonPath().getString("detail")).contains("not drained");
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isZero();
  }

  private void assertFilledAfterwards() {
    engine.beat();
    assertThat(engine.status().phase().drained()).isTrue();
    assertThat(engine.status().phase().gracePeriod()).isEmpty();
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NULL")).isPositive();
    engine.backfill();
    assertThat(database.rows("SELECT DISTINCT status FROM orders")).containsExactly("slow");
    assertThat(engine.compare().mismatched()).isZero();
  }

  private Future<?> start(Connection writer, String sql) {
    return writers.submit(
        () -> {
          execute(writer, sql);
          return null;
        });
  }

  private void awaitWaiting(String applicationName) {
    await()
        .until(
            () ->
                database.number(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event IN"
                            + " ('advisory', 'PgSleep') AND application_name = '"
                            + applicationName
                            + "'")
                    == 1);
  }

  private long transactionIds(String applicationName) {
    return database.number(
        "SELECT count(backend_xid) FROM pg_stat_activity WHERE application_name = '"
            + applicationName
            + "'");
  }

  private void kill(String applicationName) throws SQLException {
    String mine = " FROM pg_stat_activity WHERE application_name = '" + applicationName + "'";
    database.rows("SELECT pg_terminate_backend(pid)" + mine);
    await().until(() -> database.number("SELECT count(*)" + mine) == 0);
  }
}
