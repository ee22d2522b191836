package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.status.StatusText;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A comparison of 1,000 rows on more than 100 pages in one snapshot. The expression of one row in
 * the middle waits while the test holds a lock, so that the test does its part there.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SnapshotComparisonTest {
  private static final Migration MIGRATION =
      new Migration(
          "other",
          "keyed",
          "code",
          "bigint",
          "old_kind",
          "kind",
          "halting(old_kind)",
          "upper(kind)",
          List.of(),
          List.of());

  private static final Run.Limits LIMITS = new Run.Limits(50, Duration.ZERO, 1);

  private static final String HALTING =
      """
      CREATE OR REPLACE FUNCTION halting(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        IF value = 'HALT' THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF;
        RETURN lower(value);
      END $$
      """;

  private static final String FILL =
      """
      INSERT INTO keyed (code, old_kind, kind, filler)
      SELECT n, o, lower(o), repeat('x', 1000)
      FROM generate_series(1, 1000) AS n,
        LATERAL (SELECT CASE n WHEN 500 THEN 'HALT' ELSE 'Kind' END AS o) k
      """;

  private static final String HALTED =
      """
      SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """;

  private static final String SNAPSHOTS =
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
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
    database.run(HALTING);
    database.run(
        "CREATE TABLE keyed (code bigint PRIMARY KEY, old_kind text, kind text, filler text)");
    database.run("ALTER TABLE keyed ALTER COLUMN filler SET STORAGE PLAIN");
    database.run(FILL);
    database.run("ANALYZE keyed");
  }

  @AfterEach
  void drop() {
    assertThat(database.number(SNAPSHOTS)).as("snapshots that are kept").isZero();
    database.run("DELETE FROM backfill_run WHERE migration = 'other'");
    database.run("DELETE FROM parity_mismatch WHERE migration = 'other'");
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE IF EXISTS keyed CASCADE");
    database.run("DROP FUNCTION halting");
  }

  private Run start() {
    return Engine.await(backfill.startParity(MIGRATION, LIMITS, "test"));
  }

  private CompletableFuture<BatchResult> work(Run run, int workers) {
    return job.work(MIGRATION, run, workers)
        .collect()
        .last()
        .subscribeAsCompletionStage()
        .toCompletableFuture();
  }

  private void halted() {
    await().until(() -> database.rows(HALTED).size() == 1);
  }

  private Connection halt() throws Exception {
    Connection holder = database.session("holder");
    EngineDatabase.execute(holder, "SELECT pg_advisory_xact_lock(4711)");
    return holder;
  }

  private Run ended(CompletableFuture<BatchResult> work) {
    await().until(work::isDone);
    work.join();
    return Engine.await(runs.runs(MIGRATION, 1)).get(0);
  }

  private void assertProven(Run run, long mismatched) {
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

  private List<String> unrepaired() {
    return database.rows(
        "SELECT concat_ws(' ', key, old_value, COALESCE(new_value, 'NULL')) FROM parity_mismatch"
            + " WHERE migration = 'other' AND repaired_at IS NULL ORDER BY key::bigint");
  }

  private String attempts() {
    return database.one(
        "SELECT string_agg(range_no::text, ' ' ORDER BY range_no) FROM backfill_progress");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9})
  void findsWhatDisagreesAndJudgesWhatWasKnown(int workers) {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code IN (1, 1000)");
    database.run("UPDATE keyed SET kind = NULL WHERE code = 321");
    database.run(
        "INSERT INTO parity_mismatch (migration, key, epoch, source, found_at)"
            + " VALUES ('other', '5', 1, 'scan', now() - interval '1 hour')");
    Run run = start();
    assertThat(run.snapshot()).isTrue();

    Run ended = ended(work(run, workers));

    assertProven(ended, 3);
    assertThat(ended.snapshot()).isTrue();
    assertThat(attempts()).isEqualTo("1");
    assertThat(unrepaired())
        .containsExactly("1 Kind outsider", "321 Kind NULL", "1000 Kind outsider");
  }

  @Test
  void recordsABoundedNumberOfKeysAndCountsAll() {
    database.run(
        "INSERT INTO keyed (code, old_kind) SELECT n, 'Kind' FROM generate_series(1001, 3000) AS n");
    Run.Limits large = new Run.Limits(100_000, Duration.ZERO, 1);
    Run run = Engine.await(backfill.startParity(MIGRATION, large, "test"));

    Run ended = ended(work(run, 1));

    assertThat(ended).extracting(Run::scanned, Run::mismatched).containsExactly(3000L, 2000L);
    assertThat(unrepaired()).hasSize(BatchStatement.MAX_KEPT);
  }

  /**
   * Rows that move from seen to unseen pages and back, appear, disappear and disagree meanwhile.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void seesOneInstantWhileWritersChangeRows(int workers) throws Exception {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code = 990");
    database.run("VACUUM keyed");
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), workers);
      halted();
      database.run("UPDATE keyed SET filler = filler || 'y' WHERE code <= 100 OR code > 950");
      database.run("UPDATE keyed SET kind = 'later' WHERE code IN (7, 980)");
      database.run("UPDATE keyed SET kind = 'kind' WHERE code = 990");
      database.run("DELETE FROM keyed WHERE code IN (8, 981)");
      database.run(
          "INSERT INTO keyed SELECT n, 'Kind', 'new' FROM generate_series(2001, 2100) AS n");
    }
    assertProven(ended(work), 1);
    assertThat(unrepaired()).containsExactly("990 Kind outsider");
  }

  /** The run begins anew without what was found; after three attempts in the order of the key. */
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
    "UPDATE backfill_run SET state = 'cancelled' WHERE migration = 'other', cancelled",
    "UPDATE backfill_run SET state = 'paused' WHERE migration = 'other', paused",
    "UPDATE migration_state SET epoch = 2 WHERE name = 'other', cancelled"
  })
  void endsWithTheRunAndItsEpoch(String change, String state) throws Exception {
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), 2);
      halted();
      database.run(change);
    }
    assertThat(ended(work).state()).isEqualTo(state);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TABLE child () INHERITS (keyed)",
        "CREATE TABLE part PARTITION OF keyed DEFAULT"
      })
  void aTableWithChildrenIsComparedInTheOrderOfTheKey(String child) {
    if (child.contains("PARTITION")) {
      database.run("DROP TABLE keyed");
      database.run(
          "CREATE TABLE keyed (code bigint PRIMARY KEY, old_kind text, kind text, filler text)"
              + " PARTITION BY HASH (code)");
      child = child.replace("DEFAULT", "FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
    }
    database.run(child);
    database.run("TRUNCATE keyed");
    database.run(FILL);

    Run ended = ended(work(start(), 2));

    assertProven(ended, 0);
    assertThat(ended.snapshot()).isFalse();
  }

  @Test
  void readsTheRangeOnly() {
    String plan =
        String.join(
            "\n",
            database.rows(
                "EXPLAIN "
                    + SnapshotSession.sql(MIGRATION)
                        .replace("$1", "'(10,0)'")
                        .replace("$2", "'(20,0)'")
                        .replace("$3", "1000")));
    assertThat(plan).contains("Tid Range Scan", "One-Time Filter").doesNotContain("Seq Scan");
  }

  @Test
  void theStatusNamesTheMode() throws Exception {
    database.orders(100);
    database.phase(1);
    engine.backfill();
    engine.compare();
    assertThat(engine.status().parity().orElseThrow().mode()).contains("snapshot");
    assertThat(engine.status().backfill().orElseThrow().mode()).isEmpty();
    assertThat(StatusText.of(engine.status())).contains("(parity, snapshot) is complete");
  }
}
