package io.zerodowntime.migration.backfill.indicator;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each indicator of the database, with its condition made on a real server. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class IndicatorsTest {
  private static final String TABLE = "orders";

  @Inject EngineDatabase database;

  @Inject
  @Identifier(DatabasePools.CONTROL)
  Pool pool;

  private long nanos = System.nanoTime();

  @BeforeEach
  void fill() throws Exception {
    database.reset();
    database.run("DROP TABLE IF EXISTS measured");
    database.run("ALTER TABLE orders SET (autovacuum_enabled = false)");
    database.orders(2000);
    database.run("VACUUM ANALYZE orders");
  }

  @AfterEach
  void empty() throws Exception {
    database.reset();
    database.run("DROP TABLE IF EXISTS measured");
    database.run("ALTER TABLE orders RESET (autovacuum_enabled)");
  }

  private DatabaseReading read(String table) {
    return Engine.await(DatabaseReading.of(pool, List.of(table), Timeouts.LIMIT));
  }

  private Observation look() {
    return new Observation(
        nanos, ServiceReading.NONE, Optional.of(read(TABLE)), Optional.of(List.of()));
  }

  private Observation lookAfter(Duration time) {
    nanos += time.toNanos();
    return look();
  }

  private static Reading judge(Indicator indicator, Observation seen) {
    return indicator.read(seen, seen.table(TABLE));
  }

  /** Runs a statement that waits or lasts, in a session of its own. */
  private CompletableFuture<Void> inBackground(String name, String... statements) {
    return CompletableFuture.runAsync(
        () -> {
          try (Connection session = database.session(name)) {
            session.setAutoCommit(true);
            for (String sql : statements) {
              execute(session, sql);
            }
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private void cancel(String name) {
    database.rows(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'"
            .formatted(name));
  }

  @Test
  void countsSessionsThatWaitForALock() throws Exception {
    assertThat(read(TABLE).lockWaits()).isZero();
    try (Connection holder = database.session("holder")) {
      execute(holder, "UPDATE orders SET amount = 1 WHERE id = 1");
      CompletableFuture<Void> waits =
          inBackground("waits", "UPDATE orders SET amount = 2 WHERE id = 1");
      await().until(() -> read(TABLE).lockWaits() == 1);

      assertThat(judge(new LockWaits(0), look()).signal()).isEqualTo(Signal.MINIMUM);
      assertThat(judge(new LockWaits(1), look()).signal()).isEqualTo(Signal.SLOW);
      assertThat(judge(new LockWaits(2), look()).signal()).isEqualTo(Signal.HOLD);
      Reading calm = judge(new LockWaits(10), look());
      assertThat(calm.signal()).isEqualTo(Signal.RISE);
      assertThat(calm.text()).isEqualTo("1 sessions wait for a lock, bound 10");
      holder.rollback();
      waits.join();
    }
    assertThat(read(TABLE).lockWaits()).isZero();
  }

  /** As a role without pg_monitor: whose begin is hidden, is as old as it is known. */
  @Test
  void seesLongTransactionsOfOtherRoles() throws Exception {
    database.run("CREATE ROLE paced");
    try (Connection holder = database.session("holder")) {
      execute(holder, "UPDATE orders SET amount = 1 WHERE id = 1");
      DatabaseReading hidden =
          Engine.await(
              pool.withTransaction(
                  session ->
                      session
                          .query("SET LOCAL ROLE paced")
                          .execute()
                          .chain(
                              () -> DatabaseReading.of(session, List.of(TABLE), Timeouts.LIMIT))));
      assertThat(hidden.oldest()).isPresent();
      assertThat(hidden.oldestSeconds()).as("begin of another role's").isZero();
      assertThat(hidden.tables().get(TABLE).deadRows()).as("dead rows").isPresent();

      LongTransactions indicator = new LongTransactions();
      assertThat(judge(indicator, look()).signal()).isEqualTo(Signal.RISE);
      assertThat(judge(indicator, lookAfter(Duration.ofMinutes(4))).signal())
          .isEqualTo(Signal.RISE);
      Reading old = judge(indicator, lookAfter(Duration.ofMinutes(2)));
      assertThat(old.signal()).isEqualTo(Signal.HALF);
      assertThat(old.text()).contains("has lasted 360 s");

      holder.rollback();
      Reading over = judge(indicator, lookAfter(Duration.ofSeconds(1)));
      assertThat(over.signal()).isEqualTo(Signal.RISE);
    } finally {
      database.run("DROP ROLE paced");
    }
  }

  @Test
  void seesAVacuumOfTheTableOnceItLasts() {
    Maintenance indicator = new Maintenance();
    assertThat(judge(indicator, look()).signal()).isEqualTo(Signal.RISE);
    CompletableFuture<Void> vacuum =
        inBackground(
            "vacuums",
            "SET vacuum_cost_delay = 100",
            "SET vacuum_cost_limit = 1",
            "VACUUM (DISABLE_PAGE_SKIPPING) orders");
    await().until(() -> read(TABLE), IndicatorsTest::isMaintained);

    assertThat(judge(indicator, look()).signal()).as("it may be short").isEqualTo(Signal.RISE);
    Reading lasts = judge(indicator, lookAfter(Duration.ofSeconds(6)));
    assertThat(lasts.signal()).isEqualTo(Signal.HALF);
    cancel("vacuums");
    vacuum.exceptionally(cancelled -> null).join();
    assertThat(judge(indicator, lookAfter(Duration.ofSeconds(1))).signal()).isEqualTo(Signal.RISE);
  }

  /** The snapshot of a vacuum keeps nothing from being removed. */
  private static boolean isMaintained(DatabaseReading read) {
    return read.tables().get(TABLE).maintainedBy().isPresent() && read.oldest().isEmpty();
  }

  @Test
  void seesDeadRowsThatAutovacuumDoesNotRemove() {
    DeadTuples indicator = new DeadTuples();
    assertThat(judge(indicator, look()).signal()).isEqualTo(Signal.RISE);
    // 50 and a fifth of 2,000 begin an autovacuum
    database.run("UPDATE orders SET amount = amount + 1");
    await().until(() -> read(TABLE).tables().get(TABLE).deadRows().orElseThrow() >= 2000);
    TableReading table = read(TABLE).tables().get(TABLE);
    assertThat(table.vacuumedFrom()).isEqualTo(450);

    assertThat(judge(indicator, look()).signal()).isEqualTo(Signal.RISE);
    assertThat(judge(indicator, lookAfter(Duration.ofMinutes(4))).signal()).isEqualTo(Signal.RISE);
    Reading overdue = judge(indicator, lookAfter(Duration.ofMinutes(2)));
    assertThat(overdue.signal()).isEqualTo(Signal.SLOW);
    assertThat(overdue.text()).contains("2,000 dead rows, autovacuum begins at 450");

    database.run("VACUUM orders");
    await().until(() -> read(TABLE).tables().get(TABLE).deadRows().orElseThrow() < 900);
    assertThat(judge(indicator, lookAfter(Duration.ofMinutes(1))).signal()).isEqualTo(Signal.RISE);
  }

  @Test
  void addsUpThePartitionsOfATable() throws Exception {
    database.run(
        "CREATE TABLE measured (id int, n int) PARTITION BY HASH (id);"
            + " CREATE TABLE measured_0 PARTITION OF measured"
            + " FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
            + " WITH (autovacuum_enabled = false, autovacuum_vacuum_threshold = 7);"
            + " CREATE TABLE measured_1 PARTITION OF measured"
            + " FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (autovacuum_enabled = false);"
            + " INSERT INTO measured SELECT n, n FROM generate_series(1, 100) AS n");
    database.run("UPDATE measured SET n = 0");
    await().until(() -> read("measured").tables().get("measured").deadRows().orElse(0L) == 100);
    assertThat(read("measured").tables().get("measured").vacuumedFrom()).isEqualTo(57);

    try (Connection holder = database.session("holder")) {
      execute(holder, "LOCK TABLE measured_1 IN SHARE UPDATE EXCLUSIVE MODE");
      assertThat(read("measured").tables().get("measured").maintainedBy()).isPresent();
      assertThat(read(TABLE).tables().get(TABLE).maintainedBy()).isEmpty();
      holder.rollback();
    }
  }

  /** 256 MiB within a second make more than two checkpoints in a minute of 1 GiB. */
  @Test
  void seesWalThatForcesCheckpoints() {
    WalRate indicator = new WalRate();
    Observation before = look();
    assertThat(judge(indicator, before).signal()).as("no rate yet").isEqualTo(Signal.RISE);
    DatabaseReading read = before.database().orElseThrow();
    assertThat(read.checkpointBytes()).isBetween((double) (32 << 20), (double) (1 << 30));
    assertThat(read.checkpointWarning()).isEqualTo(30);

    database.rows(
        "SELECT pg_logical_emit_message(false, 'wal', repeat('0', 1 << 20))"
            + " FROM generate_series(1, 256)");
    Reading fast = judge(indicator, lookAfter(Duration.ofSeconds(1)));
    assertThat(fast.signal()).as(fast.text()).isEqualTo(Signal.SLOW);
    for (int i = 0; i < 5; i++) {
      lookAfter(Duration.ofHours(1));
    }
    assertThat(judge(indicator, lookAfter(Duration.ofHours(1))).signal()).isEqualTo(Signal.RISE);
  }

  @Test
  void doesNotKnowATableThatIsNotThere() {
    TableReading none = read("no_such_table").tables().get("no_such_table");
    Observation seen = look();
    assertThat(none.maintainedBy()).isEmpty();
    Reading reading = new DeadTuples().read(seen, none);
    assertThat(reading.known()).isFalse();
    assertThat(reading.reason().label()).isEqualTo("dead_tuples_unreadable");
    assertThat(reading.signal()).isEqualTo(Signal.SLOW);
  }

  /** It reads the server's own views: the size of a table makes no difference. */
  @Test
  void readsNoRowOfATable() {
    String plan =
        String.join(
            "\n", database.rows("EXPLAIN " + DatabaseReading.SQL.replace("$1", "'{orders}'")));
    assertThat(plan).contains("pg_lock_status").doesNotContain("on orders", "on backfill");
  }
}
