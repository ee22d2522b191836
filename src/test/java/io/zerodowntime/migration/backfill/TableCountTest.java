package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The count at the end of a run is exact, bounded, and ends with what it is for. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class TableCountTest {
  private static final Migration MIGRATION =
      OneToOne.migration(
          "other", "keyed", List.of("code"), "old_kind", "kind", "lower(old_kind)", "upper(kind)");

  private static final Run.Limits LIMITS = new Run.Limits(100_000, Duration.ZERO, 1);

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillStore runs;
  @Inject BackfillStream stream;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
    database.run("CREATE TABLE keyed (code bigint PRIMARY KEY, old_kind text, kind text)");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM backfill_run WHERE migration = 'other'");
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE IF EXISTS keyed");
  }

  private Run started(int rows) {
    database.run(
        "INSERT INTO keyed (code, old_kind, kind)"
            + " SELECT n, 'Kind', 'kind' FROM generate_series(1, "
            + rows
            + ") AS n");
    return Engine.await(backfill.start(MIGRATION, LIMITS, Engine.TEST));
  }

  private long count(Run run) {
    return Engine.await(
        pool.withTransaction(
            session ->
                KeySql.of(session, MIGRATION, MIGRATION.key())
                    .chain(key -> TableCount.rows(session, key, run))));
  }

  @Test
  void everyPageIsCountedOnce() {
    Run run = started(25_000);
    assertThat(count(run)).isEqualTo(25_000L);
  }

  @Test
  void tableWithoutRowsHasNone() {
    assertThat(count(started(0))).isEqualTo(0L);
  }

  /** A group of equal keys lies across the end of the first page, and some rows have no key. */
  @Test
  void rowsOfOneKeyAndRowsWithoutOneAreCounted() {
    Run run = started(25_000);
    database.run("ALTER TABLE keyed DROP CONSTRAINT keyed_pkey");
    database.run("ALTER TABLE keyed ALTER COLUMN code DROP NOT NULL");
    database.run("UPDATE keyed SET code = 9000 WHERE code BETWEEN 9000 AND 12000");
    database.run("UPDATE keyed SET code = NULL WHERE code BETWEEN 20000 AND 20010");
    assertThat(count(run)).isEqualTo(25_000L);
  }

  /** Rows without a key are not looked for where there can be none: that reads the whole table. */
  @Test
  void onlyColumnsThatMayBeNullAreLookedAt() {
    database.run("ALTER TABLE keyed DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (code, kind)");
    Migration composite =
        OneToOne.migration(
            "other",
            "keyed",
            List.of("code", "kind"),
            "old_kind",
            "new_kind",
            "lower(old_kind)",
            "upper(new_kind)");
    assertThat(withoutKey(composite)).isEqualTo("false");
    database.run("ALTER TABLE keyed DROP CONSTRAINT keyed_pkey");
    database.run("ALTER TABLE keyed ALTER COLUMN kind DROP NOT NULL");
    assertThat(withoutKey(composite)).isEqualTo("t.kind IS NULL");
  }

  private String withoutKey(Migration migration) {
    return Engine.await(KeySql.of(pool, migration, migration.key())).fill("%(withoutKey)");
  }

  @Test
  void aPausedRunEndsItsCountAtThePage() {
    Run run = started(25_000);
    database.run("UPDATE backfill_run SET state = 'paused'");
    assertThat(count(run)).isEqualTo(10_000L);
    assertThat(Engine.await(stream.close(MIGRATION, run))).isFalse();
  }

  /** A session reports its inserts to the statistics a second later: the end of a run waits. */
  @Test
  void rowsThatAreNotReportedYetDoNotSpoilTheProof() throws Exception {
    database.run(
        "INSERT INTO keyed (code, old_kind) SELECT n * 100, 'Kind' FROM generate_series(1, 100) n");
    Run run = Engine.await(backfill.start(MIGRATION, LIMITS, Engine.TEST));
    while (database.number("SELECT count(*) FROM backfill_progress WHERE NOT done") > 0) {
      Engine.await(stream.runOnce(MIGRATION, run, 100_000));
    }
    CompletableFuture<Boolean> closed;
    try (Connection writer = database.session("writer")) {
      writer.setAutoCommit(true);
      EngineDatabase.execute(writer, "INSERT INTO keyed (code, old_kind) VALUES (1, 'Kind')");
      EngineDatabase.execute(
          writer,
          "INSERT INTO keyed (code, old_kind) SELECT n * 100 + 1, 'Kind' FROM generate_series(1,"
              + " 50) n");
      closed = stream.close(MIGRATION, run).subscribeAsCompletionStage();
      await()
          .until(
              () -> {
                EngineDatabase.execute(writer, "SELECT 1");
                return closed.isDone();
              });
    }
    assertThat(closed.join()).isTrue();
    RunEvidence evidence =
        Engine.await(gates.evidence(pool, MIGRATION, Engine.await(states.state(pool, MIGRATION))))
            .forward()
            .orElseThrow();
    assertThat(evidence.tableRows()).contains(150L);
    assertThat(evidence.complete()).as(evidence.summary()).isTrue();
  }

  /** The server ends the count as it does at the longest time that a statement may take. */
  @Test
  void aCountThatTakesTooLongEndsTheRunWithoutProof() throws Exception {
    Run run = started(100);
    assertThat(Engine.await(stream.runOnce(MIGRATION, run, 100_000)).scanned()).isEqualTo(100);
    while (database.number("SELECT count(*) FROM backfill_progress WHERE NOT done") > 0) {
      Engine.await(stream.runOnce(MIGRATION, run, 100_000));
    }
    CompletableFuture<Boolean> closed;
    try (Connection holder = database.session("holder")) {
      EngineDatabase.execute(holder, "LOCK TABLE keyed IN ACCESS EXCLUSIVE MODE");
      closed = stream.close(MIGRATION, run).subscribeAsCompletionStage();
      await()
          .until(
              () ->
                  database.number(
                          """
                          SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                          WHERE wait_event_type = 'Lock' AND query LIKE '%zd_page%'
                            AND datname = current_database()
                          """)
                      == 1);
      await().until(closed::isDone);
    }
    assertThat(closed.join()).isTrue();
    assertThat(Engine.await(runs.runs(MIGRATION, 1)).get(0).state()).isEqualTo(RunState.COMPLETE);
    RunEvidence evidence =
        Engine.await(gates.evidence(pool, MIGRATION, Engine.await(states.state(pool, MIGRATION))))
            .forward()
            .orElseThrow();
    assertThat(evidence.complete()).isFalse();
    assertThat(evidence.summary()).contains("the table was not counted");
  }
}
