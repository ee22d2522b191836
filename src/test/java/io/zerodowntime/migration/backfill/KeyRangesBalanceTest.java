package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.backfill.KeyRanges.Range;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that ranges hold about equal numbers of rows, and every row exactly once. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class KeyRangesBalanceTest {
  private static final Migration SPARSE =
      OneToOne.migration(
          "sparse", "sparse", List.of("id"), "old_kind", "kind", "lower(old_kind)", "upper(kind)");

  /** 18,000 of 20,000 rows in the first hundredth of the keys 1 to 2,000,000. */
  private static final String SKEWED =
      """
      INSERT INTO sparse (id)
      SELECT n FROM generate_series(1, 18000) AS n
      UNION ALL SELECT 20000 + n * 990 FROM generate_series(1, 2000) AS n
      """;

  @Inject EngineDatabase database;
  @Inject Pool pool;

  @BeforeEach
  void create() {
    database.run(
        "CREATE TABLE sparse (id bigint PRIMARY KEY, old_kind text, kind text)"
            + " WITH (autovacuum_enabled = false)");
  }

  @AfterEach
  void drop() {
    database.run("DROP TABLE sparse");
  }

  private List<Range> cut(int count) {
    return Engine.await(
        KeySql.of(pool, SPARSE, SPARSE.key()).chain(key -> KeyRanges.cut(pool, key, count)));
  }

  private static String isIn(Range range) {
    String low = range.after().map(after -> "id > " + after).orElse("id >= " + range.low());
    return "(" + low + " AND id <= " + range.high() + ")";
  }

  private List<Long> rows(List<Range> ranges) {
    return ranges.stream()
        .map(range -> database.number("SELECT count(*) FROM sparse WHERE " + isIn(range)))
        .toList();
  }

  private void assertEveryRowInOneRange(List<Range> ranges) {
    String times = String.join(" + ", ranges.stream().map(range -> isIn(range) + "::int").toList());
    assertThat(database.rows("SELECT id FROM sparse WHERE " + times + " <> 1")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"2", "8", "64"})
  void balancesSkewedKeysByTheHistogram(int count) {
    database.run(SKEWED);
    database.run("ANALYZE sparse");
    List<Range> ranges = cut(count);

    assertThat(ranges).hasSize(count);
    List<Long> rows = rows(ranges);
    assertThat(Collections.max(rows)).isLessThanOrEqualTo(3 * Collections.min(rows));
    assertEveryRowInOneRange(ranges);
  }

  @Test
  void coversKeysThatCameAfterTheStatistics() {
    database.run(SKEWED);
    database.run("ANALYZE sparse");
    database.run("INSERT INTO sparse (id) VALUES (-5), (0), (3000000), (9000000)");
    database.run("DELETE FROM sparse WHERE id BETWEEN 1 AND 9000");
    assertEveryRowInOneRange(cut(8));
  }

  /** The planner may look at the bounds of every column of that name before it knows the table. */
  @Test
  void doesNotReadTheStatisticsOfOtherTables() {
    database.run("CREATE TABLE labelled (id text PRIMARY KEY)");
    try {
      database.run("INSERT INTO labelled SELECT 'label-' || n FROM generate_series(1, 500) AS n");
      database.run("ANALYZE labelled");
      database.run(SKEWED);
      database.run("ANALYZE sparse");

      assertThat(cut(8)).hasSize(8);
    } finally {
      database.run("DROP TABLE labelled");
    }
  }

  @Test
  void cutsEvenlyWithoutStatistics() {
    database.run("INSERT INTO sparse (id) SELECT n FROM generate_series(-500, 500) AS n");
    List<Range> ranges = cut(4);

    assertThat(ranges.stream().map(Range::high)).containsExactly("-250", "0", "250", "500");
    assertThat(rows(ranges)).containsExactly(251L, 250L, 250L, 250L);
    assertEveryRowInOneRange(ranges);
  }

  /** Wide key spaces are where floating point and overflow would lose the last rows. */
  @ParameterizedTest
  @CsvSource({
    "1, 7000000000000000001",
    "0, 9007199254740993",
    "-9223372036854775808, 9223372036854775807",
    "9223372036854775805, 9223372036854775807",
    "1, 2"
  })
  void cutsWideAndNarrowKeySpaces(long low, long high) {
    database.run("INSERT INTO sparse (id) VALUES (%d), (%d)".formatted(low, high));
    database.run("INSERT INTO sparse (id) VALUES (7) ON CONFLICT DO NOTHING");
    for (int count = 1; count <= 64; count++) {
      List<Range> ranges = cut(count);
      assertEveryRowInOneRange(ranges);
      assertThat(ranges).hasSizeLessThanOrEqualTo(count);
    }
  }

  @Test
  void isEmptyForAnEmptyTableAndOneRangeForOneRow() {
    assertThat(cut(8)).isEmpty();
    database.run("INSERT INTO sparse (id) VALUES (42)");
    assertThat(cut(8)).hasSize(1);
    assertEveryRowInOneRange(cut(8));
  }
}
