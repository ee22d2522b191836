package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A partitioned table with 20 rows for each partition, and what tests do with runs over it. */
abstract class PartitionedTables {
  static final Run.Limits LIMITS = new Run.Limits(100, Duration.ZERO, 1);
  private static final Migration BY_DAY = migration("event", List.of("occurred_at", "id"));
  private static final Migration BY_HASH = migration("part_item", List.of("id"));

  static final String DAYS =
      """
      DO $$
      BEGIN
        CREATE TABLE event (occurred_at timestamptz, id bigint, old_kind text, kind text,
          PRIMARY KEY (occurred_at, id)) PARTITION BY RANGE (occurred_at);
        FOR n IN 1..%1$d LOOP
          EXECUTE format('CREATE TABLE event_%%s PARTITION OF event FOR VALUES FROM (%%L) TO (%%L)',
            n, timestamptz '2026-01-01 UTC' + n * interval '1 day',
            timestamptz '2026-01-02 UTC' + n * interval '1 day');
        END LOOP;
        INSERT INTO event SELECT timestamptz '2026-01-02 UTC' + n * interval '1 day' / 20, n,
          'Kind ' || n FROM generate_series(0, %1$d * 20 - 1) AS n;
      END $$
      """;

  private static final String HASHES =
      """
      DO $$
      BEGIN
        CREATE TABLE part_item (id bigint PRIMARY KEY, old_kind text, kind text)
          PARTITION BY HASH (id);
        FOR n IN 0..%1$d - 1 LOOP
          EXECUTE format('CREATE TABLE part_item_%%s PARTITION OF part_item'
            ' FOR VALUES WITH (MODULUS %1$d, REMAINDER %%s)', n, n);
        END LOOP;
        INSERT INTO part_item SELECT n, 'Kind ' || n FROM generate_series(1, %1$d * 20) AS n;
      END $$
      """;

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject BackfillStream stream;
  @Inject MismatchRepair repair;
  @Inject ParityScan parity;
  @Inject SnapshotStore snapshots;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;
  Migration migration = BY_DAY;

  private static Migration migration(String table, List<String> key) {
    return OneToOne.migration(
        "other", table, key, "old_kind", "kind", "lower(old_kind)", "upper(kind)");
  }

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  @AfterEach
  void drop() {
    database.forget("other", "DROP TABLE IF EXISTS event, event_new, event_2, part_item");
  }

  void days(int count) {
    migration = BY_DAY;
    database.run(DAYS.formatted(count));
  }

  void hashes(int count) {
    migration = BY_HASH;
    database.run(HASHES.formatted(count));
  }

  long count(String condition) {
    return database.number("SELECT count(*) FROM " + migration.table() + " WHERE " + condition);
  }

  Run start() {
    return Engine.await(backfill.start(migration, LIMITS, Engine.TEST));
  }

  Run work(Uni<Run> started, int workers) {
    Engine.await(job.work(migration, Engine.await(started), workers).collect().last());
    return last();
  }

  Run last() {
    return Engine.await(runs.runs(migration, 1)).get(0);
  }

  long different() {
    return count("kind IS DISTINCT FROM lower(old_kind)");
  }

  void assertProven(Run run) {
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    RunEvidence evidence =
        Engine.await(gates.evidence(pool, migration, Engine.await(states.state(pool, migration))))
            .forward()
            .orElseThrow();
    assertThat(evidence.complete()).as(evidence.summary()).isTrue();
  }
}
