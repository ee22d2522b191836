package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Cuts the key space into ranges of about equal numbers of rows, by the planner's histogram of the
 * key; where there is none (a table never analysed) integer keys are cut evenly, others not at all.
 *
 * <p>Example: keys 1 to 1000, histogram 1, 250, 600, 1000, three ranges: [1, 250], (250, 600],
 * (600, 1000]. The first range begins with the smallest key itself ({@code after} is empty); every
 * other one behind the end of the one before, so no key is in two. Rows that come later, with keys
 * beyond the last range, were written by both rules.
 */
final class KeyRanges {
  private static final String BOUNDS =
      """
      WITH ends AS (
        SELECT (SELECT %1$s FROM %2$s ORDER BY %1$s LIMIT 1) AS low,
               (SELECT %1$s FROM %2$s ORDER BY %1$s DESC LIMIT 1) AS high
      ), histogram AS (
        SELECT b::%3$s AS bound
        FROM pg_stats, unnest(histogram_bounds::text::text[]) AS b
        WHERE schemaname = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n
            ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1))
          AND tablename = $1 AND attname = $2 AND NOT inherited
      ), inside AS (
        SELECT bound, row_number() OVER (ORDER BY bound) AS n, count(*) OVER () AS total
        FROM histogram, ends WHERE bound > low AND bound < high
      ), picked AS (
        SELECT bound FROM inside WHERE n * $3 / (total + 1) <> (n - 1) * $3 / (total + 1)
        UNION SELECT low FROM ends WHERE low IS NOT NULL
        UNION SELECT high FROM ends WHERE high IS NOT NULL
      )
      SELECT bound::text FROM picked ORDER BY picked.bound
      """;

  private static final String ESTIMATE =
      """
      SELECT GREATEST(
        COALESCE((SELECT n_live_tup FROM pg_stat_user_tables WHERE relid = to_regclass($1)), 0),
        (SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)), 0) AS rows
      """;

  private static final String INSERT_RANGE =
      """
      INSERT INTO backfill_progress (run_id, range_no, low_key, after_key, high_key)
      VALUES ($1, $2, $3, $4, $5)
      """;

  private KeyRanges() {}

  /** Gives the ranges to a run, each at its beginning. */
  static Uni<Void> insert(SqlConnection transaction, long run, List<Range> ranges) {
    if (ranges.isEmpty()) {
      return Uni.createFrom().voidItem();
    }
    List<Tuple> tuples = new ArrayList<>();
    for (int i = 0; i < ranges.size(); i++) {
      Range range = ranges.get(i);
      tuples.add(Tuple.of(run, i, range.low(), range.after().orElse(null), range.high()));
    }
    return transaction.preparedQuery(INSERT_RANGE).executeBatch(tuples).replaceWithVoid();
  }

  /** The planner's estimate of the table's rows; 0 where it has none. */
  static Uni<Long> estimate(SqlClient client, Migration migration) {
    return client
        .preparedQuery(ESTIMATE)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.iterator().next().getLong("rows"));
  }

  /** At most {@code count} ranges that cover every key there is now, in order. */
  static Uni<List<Range>> cut(SqlClient client, Migration migration, int count) {
    String sql = BOUNDS.formatted(migration.key(), migration.table(), migration.keyType());
    return client
        .preparedQuery(sql)
        .execute(Tuple.of(migration.table(), migration.key(), count))
        .map(rows -> rows.stream().map(row -> row.getString("bound")).toList())
        .map(bounds -> between(refine(bounds, migration, count)));
  }

  /** Exact numbers: a rounded or overflown last bound would leave the last rows in no range. */
  private static List<String> refine(List<String> bounds, Migration migration, int count) {
    boolean integer = List.of("smallint", "integer", "bigint").contains(migration.keyType());
    if (bounds.size() != 2 || !integer || count < 2) {
      return bounds;
    }
    BigInteger low = new BigInteger(bounds.get(0));
    BigInteger span = new BigInteger(bounds.get(1)).subtract(low);
    BigInteger ranges = BigInteger.valueOf(count);
    return IntStream.rangeClosed(0, count)
        .mapToObj(i -> low.add(span.multiply(BigInteger.valueOf(i)).divide(ranges)).toString())
        .distinct()
        .toList();
  }

  static List<Range> between(List<String> bounds) {
    if (bounds.size() == 1) {
      return List.of(new Range(bounds.get(0), Optional.empty(), bounds.get(0)));
    }
    List<Range> ranges = new ArrayList<>();
    for (int i = 0; i + 1 < bounds.size(); i++) {
      Optional<String> after = i == 0 ? Optional.empty() : Optional.of(bounds.get(i));
      ranges.add(new Range(bounds.get(i), after, bounds.get(i + 1)));
    }
    return ranges;
  }

  /**
   * Keys from {@code low}, or behind {@code after} where given, up to and with {@code high}; each
   * as the text of the key's type.
   */
  record Range(String low, Optional<String> after, String high) {}
}
