package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A table of 1,000 rows on more than 100 pages, compared in one snapshot. The expression of one row
 * in the middle waits while the test holds a lock, so that the test does its part there.
 */
abstract class SnapshotFixture {
  static final Migration MIGRATION =
      OneToOne.migration(
          "other",
          "keyed",
          List.of("code"),
          "old_kind",
          "kind",
          "halting(old_kind)",
          "upper(kind)");

  static final Run.Limits LIMITS = new Run.Limits(50, Duration.ZERO, 1);

  static final String HALTING =
      """
      CREATE OR REPLACE FUNCTION halting(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        IF value = 'HALT' THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF;
        RETURN lower(value);
      END $$
      """;

  static final String FILL =
      """
      INSERT INTO keyed (code, old_kind, kind, filler)
      SELECT n, o, lower(o), repeat('x', 1000)
      FROM generate_series(1, 1000) AS n,
        LATERAL (SELECT CASE n WHEN 500 THEN 'HALT' ELSE 'Kind' END AS o) k
      """;

  static final String HALTED =
      """
      SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """;

  static final String SNAPSHOTS =
      """
      SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
      WHERE c.relname = 'keyed' AND l.mode = 'AccessShareLock'
      """;

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run(
        "INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)",
        HALTING,
        "CREATE TABLE keyed (code bigint PRIMARY KEY, old_kind text, kind text, filler text)",
        "ALTER TABLE keyed ALTER COLUMN filler SET STORAGE PLAIN",
        FILL,
        "ANALYZE keyed");
  }

  @AfterEach
  void drop() {
    assertThat(database.number(SNAPSHOTS)).as("snapshots that are kept").isZero();
    database.forget("other", "DROP TABLE IF EXISTS keyed CASCADE", "DROP FUNCTION halting");
  }

  Run start() {
    return Engine.await(backfill.startParity(MIGRATION, LIMITS, Engine.TEST));
  }

  CompletableFuture<BatchResult> work(Run run, int workers) {
    return job.work(MIGRATION, run, workers)
        .collect()
        .last()
        .subscribeAsCompletionStage()
        .toCompletableFuture();
  }

  void halted() {
    await().until(() -> database.rows(HALTED).size() == 1);
  }

  Connection halt() throws Exception {
    Connection holder = database.session("holder");
    EngineDatabase.execute(holder, "SELECT pg_advisory_xact_lock(4711)");
    return holder;
  }

  Run ended(CompletableFuture<BatchResult> work) {
    await().until(work::isDone);
    work.join();
    return Engine.await(runs.runs(MIGRATION, 1)).get(0);
  }

  void assertProven(Run run, long mismatched) {
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    assertThat(run).extracting(Run::scanned, Run::mismatched).containsExactly(1000L, mismatched);
    assertThat(
            Engine.await(
                    gates.evidence(pool, MIGRATION, Engine.await(states.state(pool, MIGRATION))))
                .parity()
                .orElseThrow()
                .complete())
        .isTrue();
  }

  List<String> unrepaired() {
    return database.rows(
        "SELECT concat_ws(' ', key, old_value, COALESCE(new_value, 'NULL')) FROM parity_mismatch"
            + " WHERE migration = 'other' AND repaired_at IS NULL ORDER BY key::bigint");
  }

  String attempts() {
    return database.one(
        "SELECT string_agg(range_no::text, ' ' ORDER BY range_no) FROM backfill_progress");
  }
}
