package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.Timeouts;
import java.sql.Connection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run reads what is attached while it goes on, and leaves alone what is detached. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class PartitionChangesTest extends PartitionedTables {
  /** What a session that waits for the second partition has locked. */
  private static final String COUNTING =
      """
      SELECT COALESCE((SELECT string_agg(c.relname, ' ')
        FROM pg_locks h JOIN pg_class c ON c.oid = h.relation
        WHERE h.pid = w.pid AND h.granted AND c.relname LIKE 'event%'), 'nothing else')
      FROM pg_locks w WHERE w.relation = 'event_2'::regclass AND NOT w.granted
      """;

  @Test
  void aPartitionThatIsAttachedBehindTheCursorIsReadToo() {
    days(3);
    Run run = start();
    database.run("CREATE TABLE event_new (LIKE event INCLUDING ALL)");
    database.run(
        "INSERT INTO event_new SELECT timestamptz '2025-06-01 UTC' + n * interval '1 s', n, 'Kind'"
            + " FROM generate_series(1, 250) AS n");
    while (database.number("SELECT count(*) FROM backfill_progress WHERE NOT done") > 0) {
      Engine.await(stream.runOnce(migration, run, 100));
    }
    database.run(
        "ALTER TABLE event ATTACH PARTITION event_new"
            + " FOR VALUES FROM ('2025-06-01 00:00+00') TO ('2025-07-01 00:00+00')");
    Run filled = work(Uni.createFrom().item(run), 2);
    assertThat(filled.scanned()).isEqualTo(310);
    assertThat(filled.rowsEstimate()).isGreaterThan(run.rowsEstimate() + 100);
    assertThat(different()).isZero();
    assertProven(filled);
  }

  /** Who detaches another partition, or drops one, would wait for the whole count. */
  @Test
  void theCountAtTheEndLocksOnePartitionAtATime() throws Exception {
    days(3);
    Run run = start();
    while (database.number("SELECT count(*) FROM backfill_progress WHERE NOT done") > 0) {
      Engine.await(stream.runOnce(migration, run, 100));
    }
    CompletableFuture<?> end;
    try (Connection holder = database.session("holder")) {
      EngineDatabase.execute(holder, "LOCK TABLE ONLY event_2 IN ACCESS EXCLUSIVE MODE");
      end = stream.close(migration, run).subscribeAsCompletionStage();
      await().until(() -> !database.rows(COUNTING).isEmpty());
      assertThat(database.rows(COUNTING)).isSubsetOf("nothing else");
    }
    end.get(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertProven(last());
  }

  @Test
  void thePartitionsOfARunThatBeganWithoutAnyAreRead() {
    database.run(DAYS.formatted(0));
    Run run = start();
    database.run("CREATE TABLE event_new PARTITION OF event DEFAULT");
    database.run("INSERT INTO event VALUES (now(), 1, 'Kind')");
    assertThat(work(Uni.createFrom().item(run), 1).changed()).isEqualTo(1);
    assertThat(different()).isZero();
  }

  /** And what the run saw of it proves nothing of the others. */
  @ParameterizedTest
  @CsvSource({
    "ALTER TABLE event DETACH PARTITION event_2",
    "DROP TABLE event_2",
    "ALTER TABLE event DETACH PARTITION event_2; ALTER TABLE event_2 DROP COLUMN kind"
  })
  void theRangesOfADetachedPartitionEnd(String detached) {
    days(3);
    Run run = start();
    // the second partition is in work, with a part of its keys done
    database.run("UPDATE backfill_progress SET updated_at = now() + interval '1 h'");
    database.run(
        "UPDATE backfill_progress SET updated_at = now() - interval '1 h' WHERE leaf ="
            + " 'event_2'::regclass");
    assertThat(Engine.await(stream.runOnce(migration, run, 5)).scanned()).isEqualTo(5);
    database.run(detached);
    Run filled = work(Uni.createFrom().item(run), 2);
    assertThat(filled.scanned()).isEqualTo(40);
    assertThat(different()).isZero();
    assertProven(filled);
    assertThat(database.number("SELECT table_rows FROM backfill_run")).isEqualTo(40);
    if (detached.endsWith("PARTITION event_2") && detached.startsWith("ALTER")) {
      assertThat(database.number("SELECT count(kind) FROM event_2")).isEqualTo(5);
    }
  }

  /** What the run saw of it before does not count: it may have been changed meanwhile. */
  @Test
  void aPartitionThatComesBackIsReadAnew() {
    days(3);
    Run run = start();
    database.run("UPDATE backfill_progress SET updated_at = now() + interval '1 h'");
    database.run(
        "UPDATE backfill_progress SET updated_at = now() - interval '1 h' WHERE leaf ="
            + " 'event_2'::regclass");
    Engine.await(stream.runOnce(migration, run, 5));
    database.run("ALTER TABLE event DETACH PARTITION event_2");
    Engine.await(stream.runOnce(migration, run, 5));
    database.run(
        "ALTER TABLE event ATTACH PARTITION event_2"
            + " FOR VALUES FROM ('2026-01-03 00:00+00') TO ('2026-01-04 00:00+00')");
    Run filled = work(Uni.createFrom().item(run), 1);
    assertThat(different()).isZero();
    assertProven(filled);
  }

  /** A worker has prepared its statement, and the partition goes, or another one gets its name. */
  @ParameterizedTest
  @CsvSource({
    "ALTER TABLE event DETACH PARTITION event_2",
    "DROP TABLE event_2",
    "ALTER TABLE event_2 RENAME TO event_x; ALTER TABLE event_3 RENAME TO event_2;"
        + " ALTER TABLE event_x RENAME TO event_3"
  })
  void aWorkerLeavesAPartitionThatGoes(String detached) {
    days(3);
    Run run = start();
    AtomicBatches batches = new AtomicBatches(detached);
    Engine.await(
        job.work(migration, run, 1)
            .invoke(result -> batches.on(result, database))
            .collect()
            .last());
    assertThat(last().state()).isEqualTo(RunState.COMPLETE);
    assertThat(different()).isZero();
  }

  /** Detaches at the first batch that is done. */
  private static final class AtomicBatches {
    private final String sql;
    private boolean detached;

    AtomicBatches(String sql) {
      this.sql = sql;
    }

    void on(BatchResult result, EngineDatabase database) {
      if (!detached && result.scanned() > 0) {
        detached = true;
        database.run(sql);
      }
    }
  }
}
