package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A CREATE INDEX CONCURRENTLY that fails leaves an index that slows writes and serves no read. */
@OnSchemaServer
@Tag("protocol")
class InvalidIndexTest {
  private static final Duration RETRY_TIME = Duration.ofSeconds(60);
  private static final String CREATE =
      "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status, id)";
  private static final String VALID =
      "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('orders_status_idx')";

  private final SchemaTestDatabase database = SchemaTestDatabase.expanded(1, true);

  @Test
  void whatAFailedBuildLeftIsDroppedAndBuiltAgain() throws Exception {
    failBuild();
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      assertThat(index(RETRY_TIME, Duration.ofSeconds(1)).changesets())
          .containsExactly("020-status-index");
      assertThat(log.lines())
          .contains("Dropped index public.orders_status_idx: not valid, a build of it failed");
    }
    assertThat(database.one(VALID)).isEqualTo("t");
    assertThat(index(RETRY_TIME, Duration.ofSeconds(1)).changesets()).isEmpty();
  }

  @Test
  void aReaderThatHoldsASnapshotDoesNotFailTheBuild() throws Exception {
    CompletableFuture<SchemaReport> change;
    try (Connection reader = snapshot()) {
      change = index();
      await().until(() -> waitsLongerThan("3 s"));
      assertThat(change).isNotDone();
      reader.rollback();
    }
    assertThat(change.join().attempts()).isEqualTo(1);
    assertThat(database.one(VALID)).isEqualTo("t");
  }

  @Test
  void aBuildThatIsCancelledIsRepeatedAndItsTimeDoesNotCount() throws Exception {
    CompletableFuture<SchemaReport> change;
    try (Connection reader = snapshot()) {
      change = index();
      await().until(() -> waitsLongerThan("3 s"));
      assertThat(recorded()).isEqualTo("0");
      database.run(
          "SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index"
              + " WHERE datname = current_database()");
      await().until(() -> database.list(VALID).isEmpty());
      reader.rollback();
    }
    assertThat(change.join().attempts()).isGreaterThan(1);
    assertThat(database.one(VALID)).isEqualTo("t");
    assertThat(recorded()).isEqualTo("1");
  }

  @Test
  void aBuildThatAnotherSessionIsAtIsLeftAlone() throws Exception {
    CompletableFuture<Void> other;
    try (Connection holder = SessionProbe.holding(database, "report")) {
      other = CompletableFuture.runAsync(() -> database.run(CREATE), SessionProbe.THREADS);
      await().until(() -> database.list(VALID).contains("f"));
      String built = database.one("SELECT 'orders_status_idx'::regclass::oid");
      assertThatThrownBy(() -> index(Duration.ofSeconds(1), Duration.ofDays(1)))
          .hasMessageContaining("is being built, or its table vacuumed, in the session of pid");
      holder.rollback();
      other.join();
      assertThat(index(RETRY_TIME, Duration.ofSeconds(1)).changesets()).isEmpty();
      assertThat(database.one("SELECT 'orders_status_idx'::regclass::oid")).isEqualTo(built);
    }
    assertThat(database.one(VALID)).isEqualTo("t");
  }

  private SchemaReport index(Duration retryTime, Duration longTransaction) {
    return database
        .runner(retryTime, longTransaction)
        .apply(SchemaTestDatabase.MIGRATION, SchemaStage.INDEX);
  }

  private CompletableFuture<SchemaReport> index() {
    return CompletableFuture.supplyAsync(
        () -> index(Duration.ofSeconds(2), Duration.ofSeconds(1)), SessionProbe.THREADS);
  }

  /** A stranger's session that has read another table and keeps its snapshot. */
  private Connection snapshot() throws SQLException {
    Connection reader = database.as("report", database.stranger()).getConnection();
    reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    reader.setAutoCommit(false);
    reader.createStatement().execute("SELECT count(*) FROM migration_state");
    return reader;
  }

  private boolean waitsLongerThan(String time) {
    return !database
        .list(
            "SELECT p.pid FROM pg_stat_progress_create_index p JOIN pg_stat_activity a USING (pid)"
                + " WHERE p.datname = current_database() AND p.phase = 'waiting for old snapshots'"
                + " AND a.query_start < clock_timestamp() - interval '"
                + time
                + "'")
        .isEmpty();
  }

  private void failBuild() throws Exception {
    try (Connection holder = SessionProbe.holding(database, "report")) {
      assertThatThrownBy(() -> database.run("SET lock_timeout = '100ms'", CREATE))
          .hasStackTraceContaining("lock timeout");
      holder.rollback();
    }
    assertThat(database.one(VALID)).isEqualTo("f");
  }

  private String recorded() {
    return database.one("SELECT count(*) FROM databasechangelog WHERE id = '020-status-index'");
  }
}
