package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A comparison that one worker began and others end. */
@QuarkusTest
@TestProfile(ParityResumeTest.KeyOrder.class)
class ParityResumeTest {
  /** No comparison keeps a snapshot. */
  public static final class KeyOrder extends EngineProfile {
    public KeyOrder() {
      super("migration.backfill.snapshot-limit", "0s");
    }
  }

  private static final Run.Limits HUNDRED = new Run.Limits(100, Duration.ZERO, 1);

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Backfill backfill;
  @Inject BackfillStream stream;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.orders(1000);
    database.run("UPDATE orders SET status = lower(old_status)");
    database.run("ANALYZE orders");
    database.phase(1);
  }

  private Run start() {
    return Engine.await(backfill.startParity(engine.migration(), HUNDRED, Engine.TEST));
  }

  private BatchResult batch(Run run, int size) {
    return Engine.await(stream.runOnce(engine.migration(), run, size));
  }

  private void spoil(String ids) {
    database.run("UPDATE orders SET status = 'outsider' WHERE id IN (" + ids + ")");
  }

  private List<String> found() {
    return database.rows("SELECT key FROM parity_mismatch ORDER BY key::bigint");
  }

  /** Another instance, with a longer limit, chose the snapshot. */
  @Test
  void comparesInTheOrderOfTheKeyWhenTheSnapshotIsTooOld() {
    spoil("7");
    Run run = start();
    database.run("UPDATE backfill_run SET snapshot = true");
    database.run("DELETE FROM backfill_progress WHERE range_no > 0");
    assertThat(batch(run, 10).status()).isEqualTo(BatchResult.BatchStatus.STOPPED);

    Run ended = engine.work(engine.find(run.id()), 2);

    assertThat(ended)
        .extracting(Run::state, Run::snapshot)
        .containsExactly(RunState.COMPLETE, false);
    assertThat(ended).extracting(Run::scanned, Run::mismatched).containsExactly(1000L, 1L);
    assertThat(cursors()).hasSizeBetween(5, 20);
    assertThat(engine.status().parity().orElseThrow().mode()).contains("key-order");
    assertThat(found()).containsExactly("7");
  }

  private List<String> cursors() {
    return database.rows(
        "SELECT concat_ws(' ', range_no, after_key, scanned, mismatched, batches, done)"
            + " FROM backfill_progress ORDER BY range_no");
  }

  @Test
  void goesOnAtItsCursorsAndComparesEachRowOnce() {
    spoil("3, 17, 900");
    Run run = start();
    assertThat(cursors()).hasSizeBetween(5, 20);
    assertThat(batch(run, 10)).extracting(BatchResult::scanned).isEqualTo(10L);
    assertThat(batch(run, 10)).extracting(BatchResult::mismatched).isEqualTo(1L);
    assertThat(engine.find(run.id()))
        .extracting(Run::scanned, Run::mismatched)
        .containsExactly(20L, 2L);
    assertThat(cursors().get(0)).isEqualTo("0 20 20 2 2 f");

    spoil("1, 20, 21");
    Run ended = engine.work(run, 3);

    assertThat(ended.state()).isEqualTo(RunState.COMPLETE);
    assertThat(ended.scanned()).isEqualTo(1000);
    assertThat(ended.mismatched()).as("1 and 20 were compared before").isEqualTo(4);
    assertThat(ended.changed()).isZero();
    assertThat(found()).containsExactly("3", "17", "21", "900");
    assertThat(database.mismatches()).as("a comparison repairs nothing").isEqualTo(6);
  }

  @Test
  void recordsAMismatchOnceHoweverOftenItIsFound() {
    spoil("500");
    engine.work(start(), 2);
    database.run("UPDATE orders SET status = 'another' WHERE id = 500");
    Run second = engine.work(start(), 2);

    assertThat(second.mismatched()).isOne();
    assertThat(
            database.rows("SELECT key || ' ' || new_value || ' ' || source FROM parity_mismatch"))
        .containsExactly("500 another scan");
    database.run("UPDATE orders SET status = lower(old_status) WHERE id = 500");
    engine.work(start(), 2);
    assertThat(database.number("SELECT count(*) FROM parity_mismatch WHERE repaired_at IS NULL"))
        .isZero();
  }

  @Test
  void countsEveryMismatchOfABatchThatHasMoreThanItKeeps() {
    database.orders(500);
    Run.Limits big = new Run.Limits(100_000, Duration.ZERO, 1);
    Run run = Engine.await(backfill.startParity(engine.migration(), big, Engine.TEST));
    database.run("UPDATE orders SET status = NULL");

    assertThat(batch(run, 5000))
        .extracting(BatchResult::scanned, BatchResult::mismatched)
        .containsExactly(1500L, 1500L);
    assertThat(engine.work(run, 1).mismatched()).isEqualTo(1500);
    assertThat(found()).hasSize(1000);
  }

  /** Before the backfill every row disagrees: the run does not copy the table. */
  @Test
  void keepsABoundedNumberOfKeysAndCountsAll() {
    database.orders(3000);
    database.run("UPDATE orders SET status = NULL");
    Run run = start();
    for (int i = 0; i < 3; i++) {
      batch(run, 700);
    }

    assertThat(engine.work(run, 1).mismatched()).isEqualTo(4000);
    assertThat(found()).hasSizeBetween(1000, 1699);
    assertThat(engine.status().unrepairedMismatches()).as("a bounded look").isEqualTo(1000);
  }

  @Test
  void recordsNothingWhenItsEpochIsOver() {
    Run run = start();
    batch(run, 10);
    spoil("50");
    database.phase(1);
    List<String> before = cursors();

    assertThat(batch(run, 100).status()).isEqualTo(BatchResult.BatchStatus.STOPPED);
    assertThat(engine.work(run, 2).state()).as("its epoch is over").isEqualTo(RunState.CANCELLED);
    assertThat(cursors()).isEqualTo(before).contains("0 10 10 0 1 f");
    assertThat(found()).isEmpty();

    assertThat(engine.work(start(), 2).mismatched()).isOne();
    assertThat(engine.find(run.id()).state()).isEqualTo(RunState.CANCELLED);
  }

  @Test
  void fillsNothingWhenTheEpochOfABackfillIsOver() {
    database.run("UPDATE orders SET status = NULL");
    Run run = Engine.await(backfill.start(engine.migration(), HUNDRED, Engine.TEST));
    assertThat(batch(run, 10).changed()).isEqualTo(10);
    database.phase(1);
    List<String> before = cursors();

    BatchResult late = batch(run, 10);

    assertThat(late.status()).isEqualTo(BatchResult.BatchStatus.STOPPED);
    assertThat(late.changed()).isZero();
    assertThat(cursors()).isEqualTo(before);
    assertThat(database.number("SELECT count(status) FROM orders")).isEqualTo(10);
  }
}
