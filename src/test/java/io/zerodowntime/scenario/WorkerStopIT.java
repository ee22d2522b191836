package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.SlowRow;
import io.zerodowntime.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backfill whose process is asked to end, as kubelet does, and what the next one finds. */
class WorkerStopIT {
  private static final int ROWS = 20_000;
  // what a pod is given by default
  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final Map<String, String> SLOW =
      Map.of(
          "BACKFILL_BATCH_SIZE", "200",
          "BACKFILL_DELAY", "30ms",
          "BACKFILL_TARGET_LOAD", "0.05");
  private static final Map<String, String> FAST =
      Map.of("BACKFILL_DELAY", "1ms", "BACKFILL_TARGET_LOAD", "1");

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(WorkerStopIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private Fleet fleet;

  private void start(int workers) throws Exception {
    Map<String, String> settings = new HashMap<>(SLOW);
    settings.put("BACKFILL_WORKERS", String.valueOf(workers));
    fleet = new Fleet(directory, database, settings);
    table.ask(LegacyOrders.load(ROWS));
    table.ask("ANALYZE orders");
  }

  @AfterEach
  void end() {
    fleet.close();
  }

  @Test
  void aCommandThatIsAskedToEndLeavesWholeBatches() throws Exception {
    start(0);
    fleet.serve();
    new MigrationWalk(fleet, table, 0).toDualWrite();

    ServiceProcess worker = fleet.begin("backfill");
    await().until(() -> scanned() > 1000);
    endsInTime(worker);
    assertThat(worker.err()).hasLineCount(1).contains("stopped").contains("goes on");
    wholeBatches();
    endsInTheMiddleOfABatch(fleet.begin("backfill"), ROWS / 2);
    wholeBatches();
    fleet.set(FAST);
    fleet.run(0, "backfill");
    complete();
  }

  @Test
  void anInstanceThatIsAskedToEndLeavesWholeBatches() throws Exception {
    start(1);
    ServiceProcess first = fleet.serve();
    MigrationWalk walk = new MigrationWalk(fleet, table, 0);
    walk.toDualWrite();
    assertThat(fleet.operator(0).post("backfill").statusCode()).isEqualTo(202);
    await().until(() -> scanned() > 1000);
    endsInTime(first);
    first.assertNotLogged("ERROR", "Exception");
    wholeBatches();

    endsInTheMiddleOfABatch(fleet.serve(), ROWS / 2);
    wholeBatches();
    fleet.set(FAST);
    fleet.serve();
    await()
        .until(
            () ->
                table
                    .ask("SELECT state FROM backfill_run WHERE kind = 'forward'")
                    .equals("complete"));
    complete();
  }

  private void endsInTheMiddleOfABatch(ServiceProcess worker, long row) throws Exception {
    try (SlowRow slow = new SlowRow(database.dataSource(), row)) {
      slow.awaitWorker();
      endsInTime(worker);
    }
  }

  private static void endsInTime(ServiceProcess process) throws Exception {
    long began = System.nanoTime();
    process.signal("TERM");
    assertThat(process.awaitExit()).as(process.out() + process.err()).isEqualTo(143);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(GRACE);
  }

  /** Rows and cursor commit together: what the cursors passed is what was filled. */
  private void wholeBatches() {
    assertThat(table.count("SELECT count(*) FROM orders WHERE status IS NOT NULL"))
        .isEqualTo(scanned())
        .isLessThan(ROWS);
  }

  private void complete() {
    assertThat(
            table.ask(
                "SELECT state || ' ' || scanned || ' ' || changed FROM backfill_run"
                    + " WHERE kind = 'forward'"))
        .isEqualTo("complete " + ROWS + " " + ROWS);
    assertThat(table.count("SELECT count(*) FROM orders WHERE status = lower(old_status)"))
        .isEqualTo(ROWS);
  }

  private long scanned() {
    return table.count(
        """
        SELECT coalesce(sum(p.scanned), 0) FROM backfill_progress p
        JOIN backfill_run r ON r.id = p.run_id WHERE r.kind = 'forward'
        """);
  }
}
