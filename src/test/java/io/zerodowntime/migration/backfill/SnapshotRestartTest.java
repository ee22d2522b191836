package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import java.sql.Connection;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that an attempt which lost a session, its claim or its run closes no run. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SnapshotRestartTest extends SnapshotFixture {
  @ParameterizedTest
  @CsvSource({"1, 1, 2, true", "2, 1, 2, true", "1, 3, 0, false"})
  void beginsAnewWhenASessionIsLost(int workers, int lost, String attempts, boolean snapshot)
      throws Exception {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code IN (2, 3, 700)");
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), workers);
      for (int i = 1; i <= lost; i++) {
        halted();
        assertThat(attempts()).isEqualTo(String.valueOf(i));
        database.run("UPDATE keyed SET kind = 'kind' WHERE code = 2");
        database.run("SELECT pg_terminate_backend(pid) FROM (" + HALTED + ") halted");
        await().until(() -> database.rows(HALTED).isEmpty());
      }
    }
    Run ended = ended(work);
    assertProven(ended, 2);
    assertThat(ended.snapshot()).isEqualTo(snapshot);
    assertThat(attempts()).startsWith(attempts);
    assertThat(unrepaired()).containsExactly("3 Kind outsider", "700 Kind outsider");
  }

  @Test
  void waitsForAnotherProcessAndTakesOverWhenItHasGone() throws Exception {
    Run run = start();
    CompletableFuture<BatchResult> work;
    try (Connection other = database.session("other")) {
      EngineDatabase.execute(
          other,
          "SELECT pg_advisory_xact_lock(hashtextextended('zerodowntime-snapshot/%d', 0))"
              .formatted(run.id()));
      work = work(run, 2);
      await()
          .until(
              () ->
                  database.number(
                          "SELECT count(*) FROM pg_stat_activity"
                              + " WHERE datname = current_database() AND query = 'ROLLBACK'"
                              + " AND query_start > (SELECT max(started_at) FROM backfill_run)")
                      > 0);
      assertThat(attempts()).isEqualTo("0");
      assertThat(work).isNotDone();
    }
    assertProven(ended(work), 0);
  }

  /** Its batches know nothing of snapshots: they take the one range and move its cursor. */
  @Test
  void aWorkerOfAFormerVersionThatTakesTheRangeEndsTheAttempt() throws Exception {
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), 1);
      halted();
      database.run("UPDATE backfill_progress SET after_key = '10', scanned = scanned + 10");
    }
    Run stopped = ended(work);
    assertThat(stopped)
        .extracting(Run::state, Run::snapshot)
        .containsExactly(RunState.RUNNING, true);
    Run ended = ended(work(stopped, 1));
    assertProven(ended, 0);
    assertThat(ended.snapshot()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "UPDATE backfill_run SET state = 'cancelled' WHERE migration = 'other', CANCELLED",
    "UPDATE backfill_run SET state = 'paused' WHERE migration = 'other', PAUSED",
    "UPDATE migration_state SET epoch = 2 WHERE name = 'other', CANCELLED"
  })
  void endsWithTheRunAndItsEpoch(String change, RunState state) throws Exception {
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), 2);
      halted();
      database.run(change);
    }
    assertThat(ended(work).state()).isEqualTo(state);
  }
}
