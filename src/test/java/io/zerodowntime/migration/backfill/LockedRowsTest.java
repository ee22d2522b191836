package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client idles in a transaction that holds rows: neither it nor any other one pays for it. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class LockedRowsTest {
  private static final String HOLD = "UPDATE orders SET amount = 1 WHERE id = 900";
  private static final String OPEN =
      "SELECT low_key FROM backfill_progress WHERE NOT done AND range_no >= 1000000"
          + " ORDER BY low_key::bigint";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject BackfillStream stream;
  private final ExecutorService workers = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(1000);
    database.run("ANALYZE orders");
    engine.ask(1);
    engine.beat();
  }

  @AfterEach
  void end() {
    workers.shutdownNow();
  }

  @Test
  @Timeout(60)
  void holdsNoClientUpAndMakesNoneADeadlocksVictim() throws Exception {
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, HOLD);
      Future<Run> work = workers.submit(() -> engine.work(run, 1));
      await().until(() -> engine.find(run.id()).changed() > 0);

      Future<Integer> change = workers.submit(() -> Api.change(5, "meanwhile").statusCode());
      assertThat(change.get(30, TimeUnit.SECONDS)).isEqualTo(200);
      execute(holder, "UPDATE orders SET amount = 2 WHERE id = 5");
      await().until(() -> engine.find(run.id()).scanned() == 999);
      assertThat(database.rows(OPEN)).containsExactly("900");
      assertThat(work.isDone()).isFalse();
      holder.commit();
      assertThat(work.get(30, TimeUnit.SECONDS).state()).isEqualTo(RunState.COMPLETE);
    }
    assertThat(engine.find(run.id()))
        .extracting(Run::scanned, Run::locked)
        .containsExactly(1000L, 0L);
    assertThat(database.mismatches()).isZero();
    assertThat(database.one("SELECT status FROM orders WHERE id = 5")).isEqualTo("meanwhile");
  }

  /** The batch holds row 5 and waits for row 900, the client the other way round. */
  @Test
  void givesWayInACircleOfWaits() throws Exception {
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, HOLD);
      Future<BatchResult> batch =
          workers.submit(() -> Engine.await(stream.runOnce(engine.migration(), run, 1000)));
      execute(holder, "UPDATE orders SET amount = 2 WHERE id = 5");
      assertThat(batch.get().status()).isEqualTo(BatchResult.BatchStatus.GAVE_WAY);
      holder.commit();
    }
    assertThat(engine.find(run.id()).scanned()).isZero();
  }

  /** The setting is in force for the row locks of the very statement that makes it. */
  @Test
  @Timeout(60)
  void waitsForALockedRowNoLongerThanItsOwnLockTimeout() throws Exception {
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, HOLD);
      assertThat(Engine.await(stream.runOnce(engine.migration(), run, 1000)).status())
          .isEqualTo(BatchResult.BatchStatus.GAVE_WAY);
      assertThat(database.one("SELECT sum(batches) FROM backfill_progress")).isEqualTo("0");
      assertThat(database.number("SELECT count(status) FROM orders")).isZero();
      holder.rollback();
    }
    Engine.await(stream.runOnce(engine.migration(), run, 1000));
    assertThat(database.number("SELECT count(status) FROM orders")).isEqualTo(1000);
  }

  @Test
  void losesNoSkippedRowWhenItsWorkerEnds() throws Exception {
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, "UPDATE orders SET amount = 1 WHERE id IN (1, 500, 1000)");
      BatchResult batch = Engine.await(stream.runOnceSkippingLocked(engine.migration(), run, 2000));
      assertThat(batch)
          .extracting(BatchResult::scanned, BatchResult::changed, BatchResult::skipped)
          .containsExactly(997L, 997L, 3L);
      assertThat(database.rows(OPEN)).containsExactly("1", "500", "1000");
      for (int i = 0; i < 7; i++) {
        assertThat(Engine.await(stream.runOnceSkippingLocked(engine.migration(), run, 1)))
            .extracting(BatchResult::scanned, BatchResult::skipped)
            .containsExactly(0L, 1L);
      }
      assertThat(database.number("SELECT min(batches) FROM backfill_progress"))
          .as("each of them is tried")
          .isEqualTo(1);
      assertThat(engine.status().backfill().orElseThrow().rows().lockedRows()).isEqualTo(3);
      assertThat(engine.status().backfill().orElseThrow().pace().throttledBy())
          .contains(ThrottleReason.General.ROWS_LOCKED);
      holder.rollback();
    }

    assertThat(engine.work(run, 2))
        .extracting(Run::state, Run::scanned, Run::changed)
        .containsExactly(RunState.COMPLETE, 1000L, 1000L);
    assertThat(database.mismatches()).isZero();
  }

  @Test
  void doesNotOverwriteWhatTheHolderWrote() throws Exception {
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, "UPDATE orders SET old_status = 'NEW', status = 'new' WHERE id = 7");
      execute(holder, "UPDATE orders SET old_status = 'Stale' WHERE id = 8");
      execute(holder, "DELETE FROM orders WHERE id = 9");
      Engine.await(stream.runOnceSkippingLocked(engine.migration(), run, 2000));
      assertThat(database.rows(OPEN)).containsExactly("7", "8", "9");
      holder.commit();
    }
    assertThat(engine.work(run, 1))
        .extracting(Run::state, Run::scanned, Run::changed)
        .containsExactly(RunState.COMPLETE, 999L, 998L);
    assertThat(database.rows("SELECT status FROM orders WHERE id IN (7, 8) ORDER BY id"))
        .containsExactly("new", "stale");
  }

  /** A bulk change locks more rows than a run records: the run waits, and no client is affected. */
  @Test
  void passesOverABoundedNumberOfRows() throws Exception {
    database.orders(2000);
    Run run = engine.startBackfill();
    try (Connection holder = database.session("holder")) {
      execute(holder, "UPDATE orders SET amount = 1");
      for (int i = 0; i < 6; i++) {
        Engine.await(stream.runOnceSkippingLocked(engine.migration(), run, 500));
      }
      assertThat(database.rows(OPEN)).hasSizeBetween(1000, 1500);
      holder.commit();
    }
    assertThat(engine.work(run, 2))
        .extracting(Run::state, Run::scanned)
        .containsExactly(RunState.COMPLETE, 3000L);
    assertThat(database.mismatches()).isZero();
  }

  @Test
  void doesNothingForARunOfAnotherKind() {
    Run run = engine.startBackfill();
    database.run("UPDATE backfill_run SET kind = 'reverse'");

    assertThat(Engine.await(stream.runOnce(engine.migration(), run, 1000)).status())
        .isEqualTo(BatchResult.BatchStatus.STOPPED);
    assertThat(database.number("SELECT count(status) FROM orders")).isZero();
  }
}
