package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.SlowRow;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that a backfill changes every row once and overwrites no newer value. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class BackfillTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject BackfillStream stream;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
  }

  private void phaseOneWith(int orders) {
    database.orders(orders);
    engine.ask(1);
    engine.beat();
    database.run("ANALYZE orders");
  }

  @Test
  void fillsAnEmptyTableAndOneRow() {
    phaseOneWith(0);
    assertThat(engine.backfill().scanned()).isZero();
    assertThat(engine.compare().scanned()).isZero();
    database.orders(1);
    assertThat(engine.backfill()).extracting(Run::scanned, Run::changed).containsExactly(1L, 1L);
    assertThat(database.mismatches()).isZero();
  }

  @Test
  void looksAtEveryRowOnceWithManyWorkers() {
    phaseOneWith(20_000);
    Run run = engine.work(engine.startBackfill(), 8);

    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    assertThat(run.scanned()).isEqualTo(20_000);
    assertThat(run.changed()).isEqualTo(20_000);
    assertThat(database.number("SELECT count(*) FROM backfill_progress")).isGreaterThan(4);
    assertThat(database.mismatches()).isZero();
    assertThat(engine.backfill().changed()).as("nothing left to do").isZero();
  }

  @Test
  void isCompleteUnderConcurrentWriters() throws Exception {
    phaseOneWith(20_000);
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService writers = Executors.newFixedThreadPool(4);
    List<Future<Integer>> written = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int first = i;
      written.add(writers.submit(() -> writeUntil(done, first)));
    }
    Run run = engine.work(engine.startBackfill(), 3);
    done.set(true);
    for (Future<Integer> each : written) {
      assertThat(each.get()).isPositive();
    }
    writers.shutdown();

    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    assertThat(database.mismatches()).isZero();
    assertThat(engine.compare().mismatched()).isZero();
  }

  /** The last status that each round writes must be what it reads afterwards. */
  private static int writeUntil(AtomicBoolean done, int first) {
    int round = 0;
    while (!done.get() || round == 0) {
      round++;
      long id = 1 + (first * 5_000L + round * 37L) % 20_000;
      assertThat(Api.order("w" + round).statusCode()).isEqualTo(201);
      assertThat(Api.change(id, "c" + round).statusCode()).isEqualTo(200);
    }
    return round;
  }

  /** The batch waits for the writer's lock, for 100 ms at most: it is begun again until it does. */
  @Test
  void neverOverwritesANewerValue() throws Exception {
    phaseOneWith(100);
    Run run = engine.startBackfill();
    ExecutorService worker = Executors.newSingleThreadExecutor();
    try (Connection writer = database.session("writer")) {
      EngineDatabase.execute(
          writer, "UPDATE orders SET old_status = 'NEWER', status = 'newer' WHERE id = 50");
      Future<BatchResult> batch;
      do {
        batch = worker.submit(() -> Engine.await(stream.runOnce(engine.migration(), run, 100)));
        Future<BatchResult> begun = batch;
        await().pollInterval(Duration.ofMillis(2)).until(() -> inBatch() || begun.isDone());
      } while (batch.isDone());
      writer.commit();
      batch.get();
    } finally {
      worker.shutdown();
    }
    assertThat(engine.work(run, 1).state()).isEqualTo(RunState.COMPLETE);
    assertThat(database.one("SELECT status FROM orders WHERE id = 50")).isEqualTo("newer");
    assertThat(database.mismatches()).isZero();
  }

  private boolean inBatch() {
    return database.waiting() > 0;
  }

  @Test
  void losesNothingWhenAWorkerIsKilledInMidBatch() throws Exception {
    phaseOneWith(2000);
    Run run = engine.startBackfill();
    ExecutorService worker = Executors.newSingleThreadExecutor();
    try {
      Future<Run> work;
      try (SlowRow slow = new SlowRow(database.source(), 700)) {
        work = worker.submit(() -> engine.work(run, 1));
        String killed = slow.awaitWorker();
        database.rows("SELECT pg_terminate_backend(" + killed + ")");
        await().until(() -> !slow.awaitWorker().equals(killed));
      }
      assertThat(work.get().scanned()).isEqualTo(2000);
    } finally {
      worker.shutdown();
    }
    assertThat(engine.find(run.id()).changed()).isEqualTo(2000);
    assertThat(database.mismatches()).isZero();
  }

  @Test
  void goesOnWhereItWasPaused() {
    phaseOneWith(1000);
    Run run = engine.startBackfill();
    assertThat(Engine.await(stream.runOnce(engine.migration(), run, 10)).scanned()).isEqualTo(10);
    Api.command("/backfill/pause");
    assertThat(Engine.await(stream.runOnce(engine.migration(), run, 10)).status())
        .isEqualTo(BatchResult.BatchStatus.STOPPED);
    Api.command("/backfill/resume");

    assertThat(engine.work(run, 1).scanned()).isEqualTo(1000);
    assertThat(engine.find(run.id()).changed()).isEqualTo(1000);
  }

  @Test
  void doesNothingInAnotherEpoch() {
    phaseOneWith(1000);
    Run run = engine.startBackfill();
    Engine.await(stream.runOnce(engine.migration(), run, 10));
    assertThat(engine.ask(0)).isZero();

    assertThat(Engine.await(stream.runOnce(engine.migration(), run, 10)).status())
        .isEqualTo(BatchResult.BatchStatus.STOPPED);
    assertThat(engine.work(run, 2).scanned()).isEqualTo(10);
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NOT NULL"))
        .isEqualTo(10);
    engine.ask(1);
    engine.beat();
    assertThat(engine.backfill().changed()).isEqualTo(990);
    assertThat(engine.find(run.id()).state()).isEqualTo(RunState.CANCELLED);
  }

  @Test
  void leavesNullsAndHealsStaleRows() {
    database.run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
    phaseOneWith(10);
    database.run("UPDATE orders SET old_status = NULL WHERE id <= 3");
    database.run("UPDATE orders SET status = 'stale' WHERE id IN (1, 5)");

    assertThat(engine.backfill().changed()).isEqualTo(8);
    assertThat(database.mismatches()).isZero();
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NULL")).isEqualTo(3);
    database.run("DELETE FROM orders");
  }

  @Test
  void keepsLegacySpellingsOnTheWayBack() {
    phaseOneWith(0);
    database.phase(2);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status) VALUES"
            + " (1, 1, 'Paid', 'paid'), (1, 1, 'Paid', 'sent'), (1, 1, 'PAID', 'paid')");

    Run run = engine.backfill();
    assertThat(run.kind().label()).isEqualTo("reverse");
    assertThat(run.changed()).isOne();
    assertThat(database.rows("SELECT old_status FROM orders ORDER BY id"))
        .containsExactly("Paid", "SENT", "PAID");
  }

  @Test
  void isFollowedByAComparisonWhichIsFollowedByNone() {
    phaseOneWith(10);
    Run run = engine.backfill();
    engine.follow();
    Run scan = engine.lastRun();
    assertThat(scan.kind().label()).isEqualTo("parity");
    assertThat(scan.id()).isGreaterThan(run.id());
    engine.work(scan, 1);
    engine.follow();
    assertThat(engine.lastRun().id()).isEqualTo(scan.id());

    database.run("UPDATE orders SET status = 'outsider' WHERE id = 7");
    assertThat(engine.compare().mismatched()).isOne();
    assertThat(database.one("SELECT key || ' ' || new_value FROM parity_mismatch"))
        .isEqualTo("7 outsider");
    assertThat(Api.command("/parity/repair").statusCode()).isEqualTo(202);
    engine.work(engine.lastRun(), 1);
    engine.follow();
    assertThat(engine.work(engine.lastRun(), 1).mismatched()).isZero();
    assertThat(engine.status().unrepairedMismatches()).isZero();
    assertThat(Api.command("/parity/repair").statusCode()).as("nothing to repair").isEqualTo(409);
  }
}
