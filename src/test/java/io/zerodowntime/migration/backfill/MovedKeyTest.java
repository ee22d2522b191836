package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where the key itself is the old column, runs reach every row by the key that the rows have. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MovedKeyTest {
  private static final Migration MIGRATION =
      new Migration(
          "other",
          "moved",
          List.of("id"),
          List.of(ComputedColumn.of("id", "id_big::integer")),
          List.of(ComputedColumn.of("id_big", "id::bigint")),
          List.of("moved_id_big_key"),
          List.of("moved_id_key"),
          Migration.Options.NONE);

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject MismatchRepair repair;
  @Inject ParityScan parity;
  @Inject SnapshotStore snapshots;

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run("CREATE TABLE moved (id integer PRIMARY KEY, id_big bigint)");
    database.run("INSERT INTO moved SELECT n FROM generate_series(1, 2000) n");
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
    database.run("UPDATE migration_state SET drained_at = now() WHERE name = 'other'");
  }

  @AfterEach
  void drop() {
    database.forget("other", "DROP TABLE moved");
  }

  private Run work(Uni<Run> started) {
    Engine.await(job.work(MIGRATION, Engine.await(started), 2).collect().last());
    Run run = Engine.await(runs.runs(MIGRATION, 1)).get(0);
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    return run;
  }

  private Run compareInKeyOrder() {
    return work(
        parity.start(MIGRATION, Engine.TEST).call(run -> snapshots.fallBack(MIGRATION, run)));
  }

  private void moveKey() {
    database.run("CREATE UNIQUE INDEX moved_id_key ON moved (id)");
    database.run("ALTER TABLE moved DROP CONSTRAINT moved_pkey, ADD PRIMARY KEY (id_big)");
    database.run("ALTER TABLE moved ALTER COLUMN id DROP NOT NULL");
  }

  @Test
  void theOldKeyIsFollowedUntilTheNewOneHoldsEveryRow() {
    Run forward = work(backfill.start(MIGRATION, Engine.FAST, Engine.TEST));
    assertThat(forward.changed()).isEqualTo(2000);
    assertThat(forward.newKey()).isFalse();
    assertThat(compareInKeyOrder().mismatched()).isZero();
    moveKey();
    assertThat(compareInKeyOrder().newKey()).isTrue();
  }

  /** Rows that phase 3 wrote have no old key. */
  @Test
  void theWayBackReachesRowsWithoutTheOldKey() {
    work(backfill.start(MIGRATION, Engine.FAST, Engine.TEST));
    moveKey();
    database.run("INSERT INTO moved SELECT NULL, n FROM generate_series(2001, 3000) n");
    database.run("UPDATE migration_state SET phase = 2, epoch = 2, old_stale = true");

    assertThat(work(parity.start(MIGRATION, Engine.TEST)).mismatched())
        .as("by pages")
        .isEqualTo(1000);
    assertThat(
            database.rows(
                "SELECT min(key::bigint) || ' ' || count(*) FROM parity_mismatch"
                    + " WHERE migration = 'other'"))
        .containsExactly("2001 1000");
    assertThat(compareInKeyOrder().scanned()).isEqualTo(3000);
    Run reverse = work(backfill.start(MIGRATION, Engine.FAST, Engine.TEST));
    assertThat(reverse.newKey()).isTrue();
    assertThat(reverse.changed()).isEqualTo(1000);
    assertThat(database.number("SELECT count(*) FROM moved WHERE id IS DISTINCT FROM id_big"))
        .isZero();
    assertThat(compareInKeyOrder().mismatched()).isZero();

    database.run("UPDATE moved SET id = NULL WHERE id_big = 77");
    assertThat(compareInKeyOrder().mismatched()).isOne();
    assertThat(work(repair.start(MIGRATION, Engine.TEST)).changed()).isOne();
  }

  /** Rows would be in a range of the one key, and be looked for by the other one. */
  @Test
  void aRunKeepsItsKey() {
    Run run = Engine.await(backfill.start(MIGRATION, Engine.FAST, Engine.TEST));
    database.run("UPDATE moved SET id_big = 10000 - id");
    moveKey();
    Engine.await(job.work(MIGRATION, run, 2).collect().last());
    assertThat(Engine.await(runs.runs(MIGRATION, 1)).get(0).changed()).isEqualTo(2000);
  }

  @Test
  void noRunBeginsWhereNoKeyHoldsEveryRow() {
    database.run("UPDATE moved SET id_big = id");
    moveKey();
    database.run("ALTER TABLE moved DROP CONSTRAINT moved_pkey");
    database.run("ALTER TABLE moved ALTER COLUMN id_big DROP NOT NULL");
    assertThatThrownBy(() -> Engine.await(backfill.start(MIGRATION, Engine.FAST, Engine.TEST)))
        .isInstanceOf(Refused.class)
        .hasMessageContaining("moved.id accepts NULL");
  }
}
