package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A run reads every partition, one in each batch, by ranges of its own. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class PartitionedTableTest extends PartitionedTables {
  private static final Pattern LEAF = Pattern.compile(" on (event_\\d+|part_item_\\d+) ");

  @ParameterizedTest
  @CsvSource({"3, true, 300", "1, true, 20", "1, false, 20", "3, false, 40"})
  void servesHundredsOfPartitions(int workers, boolean byDay, int partitions) {
    if (byDay) {
      days(partitions);
    } else {
      hashes(partitions);
    }
    long rows = count("true");
    Run filled = work(backfill.start(migration, LIMITS, Engine.TEST), workers);
    assertThat(filled.scanned()).isEqualTo(rows);
    assertThat(filled.changed()).isEqualTo(rows);
    assertThat(different()).isZero();
    assertProven(filled);
    assertThat(database.number("SELECT table_rows FROM backfill_run")).isEqualTo(rows);

    database.run(
        "UPDATE %s SET old_kind = 'Spoilt' WHERE id IN (7, 8, 200)".formatted(migration.table()));
    Run compared = work(parity.start(migration, Engine.TEST), workers);
    assertThat(compared.scanned()).isEqualTo(rows);
    assertThat(compared.mismatched()).isEqualTo(3);
    assertThat(work(repair.start(migration, Engine.TEST), workers).changed()).isEqualTo(3);
    assertThat(work(parity.start(migration, Engine.TEST), workers).mismatched()).isZero();

    database.run("UPDATE migration_state SET phase = 2, epoch = 2 WHERE name = 'other'");
    database.run("UPDATE %s SET old_kind = NULL".formatted(migration.table()));
    Run reverse = work(backfill.start(migration, LIMITS, Engine.TEST), workers);
    assertThat(reverse.kind()).isEqualTo(RunKind.REVERSE);
    assertThat(reverse.changed()).isEqualTo(rows);
    assertThat(different()).isZero();
  }

  /** Whichever kind of plan the server chooses. */
  @ParameterizedTest
  @EnumSource(RunKind.class)
  void aBatchTouchesOnePartition(RunKind kind) throws SQLException {
    days(300);
    if (kind == RunKind.REVERSE) {
      database.run("UPDATE migration_state SET phase = 2, epoch = 2 WHERE name = 'other'");
    }
    Run run =
        kind == RunKind.PARITY
            ? Engine.await(
                parity
                    .start(migration, Engine.TEST)
                    .call(begun -> snapshots.fallBack(migration, begun)))
            : start();
    Leaf leaf = Engine.await(Leaves.next(pool, migration, run)).orElseThrow();
    KeySql key = Engine.await(KeySql.of(pool, migration, migration.key())).in(leaf);
    for (String mode : List.of("generic", "custom")) {
      for (String sql :
          List.of(BatchStatement.of(key, kind), BatchStatement.skippingLocked(key, kind))) {
        List<String> lines = BatchPlans.lines(database, mode, sql, run.id(), 100);
        assertThat(
                lines.stream()
                    .flatMap(line -> LEAF.matcher(line + " ").results())
                    .map(MatchResult::group)
                    .distinct())
            .as(String.join("\n", lines))
            .hasSize(1);
      }
    }
  }

  @Test
  void lockedRowsOfOnePartitionHoldUpNoOther() throws SQLException {
    days(3);
    Run run = start();
    try (Connection holder = database.session("holder")) {
      EngineDatabase.execute(holder, "SELECT FROM event_1 WHERE id IN (3, 4) FOR UPDATE");
      EngineDatabase.execute(holder, "SELECT FROM event_2 WHERE id IN (25) FOR UPDATE");
      for (int i = 0; i < 12; i++) {
        Engine.await(stream.runOnceSkippingLocked(migration, run, 100));
      }
      assertThat(different()).isEqualTo(3);
      assertThat(last().locked()).isEqualTo(3);
    }
    assertThat(work(Uni.createFrom().item(run), 1).changed()).isEqualTo(60);
    assertThat(different()).isZero();
    assertProven(last());
  }

  /** Never one range for a big table, whatever has been analysed. */
  @ParameterizedTest
  @CsvSource({"''", "ANALYZE event", "ANALYZE event_1"})
  void aBigPartitionHasManyRanges(String analysed) {
    days(3);
    database.run(
        "INSERT INTO event SELECT timestamptz '2026-01-02 UTC' + n * interval '1 s', n, 'Kind'"
            + " FROM generate_series(10000, 20000) AS n");
    if (!analysed.isEmpty()) {
      database.run(analysed);
    } else {
      database.rows("SELECT pg_stat_reset_single_table_counters('event_1'::regclass)");
    }
    start();
    assertThat(
            database.number(
                "SELECT count(*) FROM backfill_progress WHERE leaf = 'event_1'::regclass"))
        .isGreaterThan(20);
    assertThat(database.number("SELECT count(DISTINCT leaf) FROM backfill_progress")).isEqualTo(3);
    assertThat(database.number("SELECT max(rows_estimate) FROM backfill_run"))
        .isBetween(2000L, 20_000L);
  }
}
