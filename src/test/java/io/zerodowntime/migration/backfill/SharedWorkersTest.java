package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Multi;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.TwoMigrations;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that the runs of several migrations share the workers of a process, and none starves. */
@QuarkusTest
@TestProfile(TwoMigrations.class)
class SharedWorkersTest {
  private static final int ROWS = 2000;
  private static final Run.Limits SMALL = new Run.Limits(20, Duration.ZERO, 1);

  /** So slow that a test sees it run. */
  private static final Run.Limits SLOW = new Run.Limits(1, Duration.ofSeconds(1), 0.001);

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Migrations migrations;
  @Inject Backfill backfill;
  @Inject RunControl control;
  @Inject BackfillJob job;
  @Inject ParityScan parity;
  private Engine status;
  private Engine amount;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    TwoMigrations.reset(database);
    database.run(
        "INSERT INTO invoice (id, old_status, amount) SELECT n, 'SENT', n FROM generate_series(1, "
            + ROWS
            + ") AS n");
    database.phase(1);
    status = engine.on("invoice-status");
    amount = engine.on("invoice-amount");
  }

  private Run start(Engine migration, Run.Limits limits) {
    return Engine.await(backfill.start(migration.migration(), limits, Engine.TEST));
  }

  private Multi<String> batches(Engine migration, Run run) {
    return job.work(migration.migration(), run, 2)
        .filter(batch -> batch.status() == BatchResult.BatchStatus.WORKED)
        .map(batch -> run.migration());
  }

  @Test
  void twoBackfillsGetEqualShares() {
    Run first = start(status, SMALL);
    Run second = start(amount, SMALL);

    List<String> order =
        Engine.await(
            Multi.createBy()
                .merging()
                .streams(batches(status, first), batches(amount, second))
                .collect()
                .asList());

    Map<String, Long> all = count(order);
    assertThat(all).hasSize(2);
    int end = Math.min(order.lastIndexOf(first.migration()), order.lastIndexOf(second.migration()));
    Map<String, Long> together = count(order.subList(0, end + 1));
    assertThat(together).hasSize(2);
    all.forEach((run, batches) -> assertThat(together.get(run)).as(run).isGreaterThan(batches / 2));
    for (Engine each : List.of(status, amount)) {
      assertThat(each.lastRun().state()).isEqualTo(RunState.COMPLETE);
      assertThat(each.lastRun().changed()).isEqualTo(ROWS);
    }
  }

  private static Map<String, Long> count(List<String> order) {
    return order.stream().collect(Collectors.groupingBy(run -> run, Collectors.counting()));
  }

  /** Each would keep connections for its whole time; the one that waits keeps none. */
  @Test
  void moreComparisonsThanConnectionsEndInOneProcess() {
    status.backfill();
    amount.backfill();
    Run first = Engine.await(parity.start(status.migration(), Engine.TEST));
    Run second = Engine.await(parity.start(amount.migration(), Engine.TEST));
    assertThat(first.snapshot()).isTrue();

    Engine.await(
        Multi.createBy()
            .merging()
            .streams(
                job.work(status.migration(), first, 4), job.work(amount.migration(), second, 4))
            .collect()
            .last());

    for (Engine each : List.of(status, amount)) {
      assertThat(each.lastRun().state()).isEqualTo(RunState.COMPLETE);
      assertThat(each.lastRun().snapshot()).as("by a snapshot").isTrue();
      assertThat(each.lastRun().scanned()).isEqualTo(ROWS);
    }
  }

  @Test
  void theStatusSaysThatOtherRunsShareTheWorkers() {
    start(status, SLOW);
    Engine.await(job.poll());
    assertThat(throttledBy(status)).isNotEqualTo("other_runs");
    start(amount, SLOW);
    Engine.await(job.poll());
    await().until(() -> throttledBy(status).equals("other_runs"));
    await().until(() -> throttledBy(amount).equals("other_runs"));

    for (Engine each : List.of(status, amount)) {
      Engine.await(control.cancel(each.migration(), Engine.TEST));
    }
    await().until(() -> !job.isShared());
  }

  private static String throttledBy(Engine migration) {
    return migration
        .status()
        .backfill()
        .orElseThrow()
        .pace()
        .throttledBy()
        .map(ThrottleReason::label)
        .orElse("");
  }
}
