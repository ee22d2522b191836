package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.schema.DueStages;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many rows in each table that keeps a history: what an instance does once a second reads a few of
 * them. PostgreSQL counts what was read; the sessions are ended, as they report at their end.
 * {@code -Dhistory.rows=1000000} is the long form. The other tables of the engine keep none: {@code
 * migration_state} has a row for each migration, {@code migration_instance} those of the last hour,
 * {@code unfenced_writer} a hundred for each migration.
 */
@QuarkusTest
@TestProfile(ManualProfile.class)
class LargeHistoryTest {
  private static final int ROWS = Integer.getInteger("history.rows", 200_000);
  private static final long FEW = ROWS * 3L / 100;
  private static final List<String> HISTORY =
      List.of(
          "migration_history",
          "backfill_run",
          "backfill_progress",
          "parity_mismatch",
          "parity_shadow",
          "parity_shadow_instance");

  private static final List<String> FILL =
      List.of(
          "INSERT INTO migration_history (migration, kind, epoch, from_phase, to_phase, instance,"
              + " reason, evidence) SELECT 'orders-status', 'step', n, 0, 1, 'test', 'test', '{}'"
              + " FROM generate_series(1, {rows}) AS n",
          // half of them in the epoch in force
          "INSERT INTO backfill_run (migration, epoch, kind, whole_table, state, batch_size,"
              + " delay_ms, target_load, rows_estimate, requested_by, finished_at, scanned, changed,"
              + " mismatched) SELECT 'orders-status', s.epoch - n % 2,"
              + " (ARRAY['forward', 'parity'])[1 + n / 2 % 2], true, 'complete', 1000, 0, 1, 1, 'x',"
              + " now(), 1, 1, 0 FROM generate_series(1, {rows}) AS n, migration_state s"
              + " WHERE s.name = 'orders-status'",
          "INSERT INTO backfill_progress (run_id, range_no, low_key, high_key, done)"
              + " SELECT n, r, '1', '1', true FROM generate_series(1, {rows} / 64) AS n,"
              + " generate_series(0, 63) AS r",
          "INSERT INTO parity_mismatch (migration, key, epoch, source, repaired_at)"
              + " SELECT 'orders-status', n::text, 1, 'scan', CASE WHEN n % 1000 > 0 THEN now() END"
              + " FROM generate_series(1, {rows}) AS n",
          "INSERT INTO parity_shadow (migration, epoch, minute, matches, mismatches, errors)"
              + " SELECT 'orders-status', 0, now() - n * interval '1 minute', 1, 0, 0"
              + " FROM generate_series(1, {rows}) AS n",
          "INSERT INTO parity_shadow_instance (migration, epoch, instance, matches, mismatches,"
              + " errors, matched_at) SELECT 'orders-status', 0, 'pod-' || n, 1, 0, 0, now()"
              + " FROM generate_series(1, {rows}) AS n");

  private static final String END_SESSIONS =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
          + " 'zerodowntime' AND datname = current_database()";

  private static final String READ =
      """
      SELECT t.relname || ': ' || t.seq_tup_read + COALESCE(t.idx_tup_fetch, 0)
          + COALESCE((SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i
            WHERE i.relid = t.relid), 0)
      FROM pg_stat_user_tables t WHERE t.relname = ANY ('{%s}') ORDER BY 1
      """
          .formatted(String.join(",", HISTORY));

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject BackfillJob job;
  @Inject BackfillStream stream;
  @Inject DueStages stages;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(1000);
    engine.ask(1);
    engine.beat();
    FILL.parallelStream()
        .map(fill -> fill.replace("{rows}", String.valueOf(ROWS)))
        .forEach(fill -> database.run("SET session_replication_role = replica; " + fill));
    database.run("VACUUM ANALYZE");
  }

  @AfterEach
  void empty() throws Exception {
    database.reset();
  }

  @Test
  @Timeout(600)
  void doesNotGrowWhatIsDoneEverySecond() {
    endSessions();
    database.rows("SELECT pg_stat_reset()");
    // asked for a step whose gates are closed: every gate is asked again and again
    engine.ask(2);
    for (int i = 0; i < 3; i++) {
      engine.beat();
      Engine.await(job.poll());
      engine.follow();
      engine.flush();
      Engine.await(stages.of(engine.migration()));
      engine.status();
    }
    Engine.await(stream.runOnce(engine.migration(), engine.lastRun(), 500));
    endSessions();

    await()
        .until(
            () ->
                database.number(
                        "SELECT seq_scan + idx_scan FROM pg_stat_user_tables"
                            + " WHERE relname = 'backfill_run'")
                    > 0);
    assertThat(database.rows(READ))
        .hasSameSizeAs(HISTORY)
        .allSatisfy(
            line ->
                assertThat(Long.parseLong(line.substring(line.indexOf(' ') + 1)))
                    .as(line)
                    .isLessThan(FEW));
  }

  private void endSessions() {
    await().until(() -> database.rows(END_SESSIONS).isEmpty());
  }
}
