package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An ALTER that waits makes every later statement wait behind it. */
@OnSchemaServer
@Tag("protocol")
class WaitingAlterTest {
  private static final Duration RETRY_TIME = Duration.ofSeconds(60);

  private static final String AUTOVACUUM =
      "SELECT pid FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a USING (pid)"
          + " WHERE p.relid = 'orders'::regclass AND a.backend_type = 'autovacuum worker'";

  private final SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);

  @Test
  void aHolderThatIsNotSeenBlocksWritersForLockTimeoutOnly() throws Exception {
    // the look is switched off: lock_timeout alone has to protect the writers
    SchemaRunner runner = database.runner(RETRY_TIME, Duration.ofDays(1));
    CompletableFuture<SchemaReport> change;
    Writer writer = new Writer();
    try (Connection holder = SessionProbe.holding(database.as("report"));
        SessionProbe.Log log = new SessionProbe.Log()) {
      change = apply(runner);
      for (int i = 1; i <= 3; i++) {
        int attempts = i;
        await().until(() -> timeouts(log) >= attempts);
        long before = writer.written.get();
        await().until(() -> writer.written.get() > before + 50);
      }
      assertThat(change).isNotDone();
      holder.rollback();
    }
    assertThat(change.join().attempts()).isGreaterThan(3);
    writer.stop();
    assertThat(notNull()).isEqualTo("t");
  }

  @Test
  void aHolderThatIsSeenIsWaitedForWithoutAnyAttempt() throws Exception {
    CompletableFuture<SchemaReport> change;
    try (Connection holder = SessionProbe.holding(database, "nightly report");
        SessionProbe.Log log = new SessionProbe.Log()) {
      awaitOld();
      change = apply(database.runner(RETRY_TIME));
      await().until(() -> log.lines().stream().anyMatch(line -> line.contains("nightly report")));
      holder.rollback();
    }
    assertThat(change.join().attempts()).isEqualTo(1);
    assertThat(notNull()).isEqualTo("t");
  }

  @Test
  void aHolderThatStaysIsNamedWhenTheRetriesEnd() throws Exception {
    try (Connection holder = SessionProbe.holding(database, "nightly report")) {
      awaitOld();
      String pid =
          database.one(
              "SELECT pid FROM pg_stat_activity WHERE application_name = 'nightly report'");
      assertThatThrownBy(() -> enforce(database.runner(Duration.ofSeconds(2))))
          .isInstanceOf(SchemaFailed.class)
          .hasMessageMatching(
              "gave up after 2 s of waiting: .* open for at least \\d+ s: pid "
                  + pid
                  + ", application \"nightly report\";.*")
          .satisfies(e -> assertThat(((SchemaFailed) e).retryable()).isTrue());
      holder.rollback();
    }
    assertThat(enforce(database.runner(RETRY_TIME)).changesets()).hasSize(5);
  }

  @Test
  void aHolderOfTheSameRoleIsNamedWithItsStatement() throws Exception {
    try (Connection holder = SessionProbe.holding(database.as("nightly report"))) {
      awaitOld();
      assertThatThrownBy(() -> enforce(database.runner(Duration.ofSeconds(1))))
          .hasMessageMatching(".* open for at least [1-9]\\d* s: .*, query started 20.*");
      holder.rollback();
    }
  }

  @Test
  void shortTransactionsOfStrangersHoldNothingUp() throws Exception {
    AtomicBoolean stopped = new AtomicBoolean();
    CompletableFuture<Void> readers =
        CompletableFuture.allOf(
            IntStream.range(0, 3)
                .mapToObj(
                    n -> CompletableFuture.runAsync(() -> read(stopped), SessionProbe.THREADS))
                .toArray(CompletableFuture[]::new));
    assertThat(enforce(database.runner(RETRY_TIME)).changesets()).hasSize(5);
    assertThat(readers).isNotDone();
    stopped.set(true);
    readers.join();
  }

  private void read(AtomicBoolean stopped) {
    try (Connection reader = database.as("reader", database.stranger()).getConnection()) {
      while (!stopped.get()) {
        reader.createStatement().execute("SELECT pg_sleep(0.05) FROM orders LIMIT 1");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anAlterBehindAnAutovacuumSucceeds() {
    database.run("ALTER SYSTEM SET autovacuum_naptime = '1s'", "SELECT pg_reload_conf()");
    try {
      database.run(
          "INSERT INTO orders (user_id, amount, old_status, status)"
              + " SELECT n, n, 'PAID', 'paid' FROM generate_series(1, 50000) n",
          "DELETE FROM orders WHERE id % 2 = 0",
          "ALTER TABLE orders SET (autovacuum_vacuum_threshold = 1,"
              + " autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_limit = 1,"
              + " autovacuum_vacuum_cost_delay = 50)");
      await().until(() -> !database.list(AUTOVACUUM).isEmpty());
      assertThat(enforce(database.runner(RETRY_TIME)).changesets()).hasSize(5);
    } finally {
      database.run("ALTER SYSTEM RESET autovacuum_naptime", "SELECT pg_reload_conf()");
    }
  }

  @Test
  void aPreparedTransactionIsNamedAsWell() {
    database.run("BEGIN; SELECT 1 FROM orders LIMIT 1; PREPARE TRANSACTION 'forgotten'");
    await()
        .until(
            () ->
                database
                    .one(
                        "SELECT count(*) FROM pg_prepared_xacts WHERE prepared < now() - interval '1 s'")
                    .equals("1"));
    assertThatThrownBy(() -> enforce(database.runner(Duration.ofSeconds(1))))
        .hasMessageContaining("prepared as forgotten");
    database.run("ROLLBACK PREPARED 'forgotten'");
  }

  private static long timeouts(SessionProbe.Log log) {
    return log.lines().stream().filter(line -> line.contains("lock timeout")).count();
  }

  private CompletableFuture<SchemaReport> apply(SchemaRunner runner) {
    return CompletableFuture.supplyAsync(() -> enforce(runner), SessionProbe.THREADS);
  }

  private static SchemaReport enforce(SchemaRunner runner) {
    return runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE);
  }

  private void awaitOld() {
    await()
        .until(
            () ->
                database
                    .one(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND state = 'idle in transaction'"
                            + " AND xact_start < now() - interval '1 s'")
                    .equals("1"));
  }

  private String notNull() {
    return database.one(
        "SELECT attnotnull FROM pg_attribute"
            + " WHERE attrelid = 'orders'::regclass AND attname = 'status'");
  }

  /** Writes single rows, one after the other. */
  private final class Writer {
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicLong written = new AtomicLong();
    private final CompletableFuture<Void> work =
        CompletableFuture.runAsync(this::write, SessionProbe.THREADS);

    private void write() {
      try (Connection connection = database.as("zerodowntime").getConnection();
          PreparedStatement insert =
              connection.prepareStatement(
                  "INSERT INTO orders (user_id, amount, old_status, status)"
                      + " VALUES (1, 1, 'PAID', 'paid')")) {
        while (!stopped.get()) {
          insert.executeUpdate();
          written.incrementAndGet();
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    void stop() {
      stopped.set(true);
      work.join();
    }
  }
}
