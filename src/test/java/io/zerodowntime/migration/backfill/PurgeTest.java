package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What old runs leave behind is deleted, and what a proof still needs is not. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class PurgeTest {
  private static final String RUN =
      "INSERT INTO backfill_run (migration, epoch, kind, whole_table, state, batch_size, delay_ms,"
          + " target_load, rows_estimate, requested_by, started_at, finished_at) SELECT name,"
          + " epoch - %d, '%s', true, '%s', 1000, 0, 1, 1, '%s', now() - interval '%d days',"
          + " now() - interval '%5$d days' FROM migration_state WHERE name = 'orders-status'";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject BackfillJob job;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
    database.phase(1);
  }

  private void run(int epochsAgo, String kind, String state, String name, int daysAgo) {
    database.run(RUN.formatted(epochsAgo, kind, state, name, daysAgo));
    database.run(
        "INSERT INTO backfill_progress (run_id, range_no, low_key, high_key)"
            + " SELECT max(id), 0, '1', '1' FROM backfill_run");
  }

  @Test
  void deletesOldRunsAndTheirCursors() {
    run(1, "forward", "complete", "superseded", 100);
    run(1, "forward", "cancelled", "cancelled", 99);
    run(1, "forward", "complete", "last of its kind", 98);
    run(1, "forward", "cancelled", "after the last", 97);
    run(1, "parity", "complete", "last parity", 98);
    run(1, "reverse", "complete", "young", 80);
    run(1, "reverse", "complete", "younger", 6);
    run(0, "parity", "complete", "of this epoch", 100);

    Engine.await(job.purge());

    assertThat(database.rows("SELECT requested_by FROM backfill_run ORDER BY id"))
        .containsExactly("last of its kind", "after the last", "young", "younger", "of this epoch");
    assertThat(
            database.rows(
                "SELECT r.requested_by FROM backfill_progress p"
                    + " JOIN backfill_run r ON r.id = p.run_id"))
        .containsExactly("younger");
  }
}
