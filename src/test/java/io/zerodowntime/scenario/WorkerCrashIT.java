package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.SlowRow;
import io.zerodowntime.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands as processes, and what is left when one is killed in the middle of its work. */
class WorkerCrashIT {
  private static final int ROWS = 20_000;
  private static final String RIGHT =
      "SELECT count(*) FROM orders WHERE status = lower(old_status)";

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(WorkerCrashIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private Fleet fleet;
  private MigrationWalk walk;

  private void start(Map<String, String> settings) throws Exception {
    fleet = new Fleet(directory, database, settings);
    table.ask(LegacyOrders.load(ROWS));
    table.ask("ANALYZE orders");
  }

  @AfterEach
  void end() {
    fleet.close();
  }

  @Test
  void aKilledBackfillIsTakenUpWhereItStopped() throws Exception {
    start(
        Map.of(
            "BACKFILL_WORKERS", "0",
            "BACKFILL_BATCH_SIZE", "200",
            "BACKFILL_DELAY", "30ms",
            "BACKFILL_TARGET_LOAD", "0.05"));
    fleet.serve();
    walk = new MigrationWalk(fleet, table, 0);
    walk.toDualWrite();

    killInTheMiddleOfABatch(ROWS / 4, true);
    long first = scanned();
    killInTheMiddleOfABatch(ROWS / 2, false);
    assertThat(scanned()).isGreaterThan(first).isLessThan(ROWS);
    ServiceProcess last = fleet.run(0, "backfill");

    assertThat(table.ask("SELECT state FROM backfill_run")).isEqualTo("complete");
    assertThat(table.count("SELECT scanned FROM backfill_run")).isEqualTo(ROWS);
    assertThat(table.count("SELECT changed FROM backfill_run")).isEqualTo(ROWS);
    assertThat(table.count(RIGHT)).isEqualTo(ROWS);
    assertThat(last.out().lines())
        .hasSizeGreaterThan(1)
        .allMatch(line -> line.startsWith("{\"run\":"));
    assertThat(last.out().lines().reduce((one, other) -> other).orElseThrow())
        .contains("\"state\":\"complete\"", "\"scannedRows\":20000");
  }

  private void killInTheMiddleOfABatch(long row, boolean rolledBack) throws Exception {
    try (SlowRow slow = new SlowRow(database.dataSource(), row)) {
      ServiceProcess worker = fleet.begin("backfill");
      String session = slow.awaitWorker();
      worker.signal("KILL");
      assertThat(worker.awaitExit()).isEqualTo(137);
      if (rolledBack) {
        table.ask("SELECT pg_terminate_backend(" + session + ", 10000)");
      }
    }
  }

  private long scanned() {
    return table.count("SELECT sum(scanned) FROM backfill_progress");
  }

  @Test
  void commandsSayWhatTheProtocolForbids() throws Exception {
    start(Map.of("BACKFILL_WORKERS", "0"));
    fleet.serve();
    walk = new MigrationWalk(fleet, table, 0);
    ServiceProcess refused = fleet.run(3, "backfill");
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err()).contains("forbidden").contains("phase 1").doesNotContain("WARN");
    assertThat(fleet.run(3, "verify").err()).contains("forbidden").contains("phase 1 or 2");
    assertThat(fleet.run(3, "contract").err()).contains("instances-agree").contains("phase is 0");
    assertThat(fleet.run(0, "expand").out()).contains("nothing to do").doesNotContain("010");
    assertThat(column("old_status")).isEqualTo(1);

    walk.toDualWrite();
    assertThat(fleet.run(1, "verify").out())
        .contains("\"scannedRows\":" + ROWS, "\"mismatchedRows\":" + ROWS);
    JsonNode status = new ObjectMapper().readTree(fleet.run(0, "status", "--json").out()).get(0);
    assertThat(status.get("name").asText()).isEqualTo("orders-status");
    assertThat(status.get("effective").get("phase").asInt()).isEqualTo(1);
    assertThat(status.get("parity").get("mismatchedRows").asLong()).isEqualTo(ROWS);
    fleet.run(0, "backfill");
    // the comparison that follows automatically needs a worker; this command is one
    assertThat(fleet.run(0, "verify").out())
        .contains("\"scannedRows\":" + ROWS, "\"mismatchedRows\":0");
  }

  private long column(String name) {
    return table.count(
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders'"
            + " AND column_name = '%s'".formatted(name));
  }

  @Test
  void anotherInstanceEndsTheGracePeriodOfAKilledOne() throws Exception {
    start(Map.of("MIGRATION_INSTANCE_TIMEOUT", "3s"));
    ServiceProcess first = fleet.serve();
    try (Connection writer = database.dataSource().getConnection();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("UPDATE orders SET amount = 2 WHERE id = 1");
      fleet.flags().edit(1);
      await().until(() -> table.phase().equals("1 draining"));
      first.signal("KILL");
      first.awaitExit();
      fleet.serve();
      walk = new MigrationWalk(fleet, table, 1);
      assertThat(fleet.run(3, "backfill").err()).contains("not drained");
      assertThat(table.phase()).isEqualTo("1 draining");
      writer.commit();
    }
    walk.awaitPhase("1");
  }
}
