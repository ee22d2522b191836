package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No run outlives its epoch, whoever ends it and whenever. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class EpochEndTest {
  private static final String STATE =
      "SELECT state || ' ' || (finished_at IS NOT NULL) FROM backfill_run ORDER BY id DESC";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject BackfillStore store;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(1000);
    database.run("ANALYZE orders");
    engine.ask(1);
    engine.beat();
  }

  @Test
  void cancelsTheRunInTheStepsOwnTransaction() {
    engine.startBackfill();
    assertThat(engine.ask(0)).isZero();
    assertThat(database.one(STATE)).isEqualTo("cancelled true");
    assertThat(
            database.rows(
                "SELECT h.at = r.finished_at FROM migration_history h, backfill_run r"
                    + " WHERE h.to_phase = 0"))
        .as("one transaction")
        .containsExactly("t");
  }

  /** As a former version's step leaves it, and a paused one too. */
  @Test
  void takesARunOfAnEarlierEpochForCancelled() {
    for (String left : new String[] {"running", "paused"}) {
      Run run = engine.startBackfill();
      database.run("UPDATE backfill_run SET state = '" + left + "' WHERE id = " + run.id());
      database.phase(1);

      assertThat(engine.find(run.id()).state()).as(left).isEqualTo(RunState.CANCELLED);
      assertThat(Engine.await(store.active(engine.migration()))).as("to join").isEmpty();
      assertThat(Api.command("/backfill/pause").statusCode()).isEqualTo(409);
      assertThat(engine.backfill().state()).isEqualTo(RunState.COMPLETE);
      assertThat(database.rows(STATE)).contains("cancelled true");
    }
  }

  @Test
  void letsNoRunBeginInAnEpochThatIsJustEnding() throws Exception {
    ExecutorService operator = Executors.newSingleThreadExecutor();
    try (Connection step = database.session("step")) {
      execute(step, "UPDATE migration_state SET epoch = epoch + 1, phase = 0");
      Future<Run> start = operator.submit(engine::startBackfill);
      await().until(() -> database.waiting() > 0);
      step.commit();
      assertThatThrownBy(start::get).hasMessageContaining("changed at this moment");
    } finally {
      operator.shutdown();
    }
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isZero();
  }

  /** Two instances see that a comparison is due; one is first. */
  @Test
  void losesTheRaceForAComparisonInSilence() throws Exception {
    Run run = engine.backfill();
    ExecutorService second = Executors.newSingleThreadExecutor();
    try (Connection first = database.session("first")) {
      execute(
          first,
          "INSERT INTO backfill_run (migration, epoch, kind, whole_table, state, batch_size,"
              + " delay_ms, target_load, rows_estimate, requested_by)"
              + " SELECT migration, epoch, 'parity', true, 'running', 1000, 0, 1, 1, 'first'"
              + " FROM backfill_run WHERE id = "
              + run.id());
      Future<?> follows = second.submit(engine::follow);
      await().until(() -> database.waiting() > 0);
      first.commit();
      follows.get();
    } finally {
      second.shutdown();
    }
    assertThat(database.rows("SELECT requested_by FROM backfill_run WHERE kind = 'parity'"))
        .containsExactly("first");
  }
}
