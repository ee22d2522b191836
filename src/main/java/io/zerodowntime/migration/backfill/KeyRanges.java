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
 * key. Where there is none (a table never analysed, or a key of several columns), a key of one
 * integer is cut evenly, any other by a sample of the table's pages. A key of several columns of
 * which the sample shows too few is cut by the {@link LeadingColumns}.
 *
 * <p>Example: keys 1 to 1000, histogram 1, 250, 600, 1000, three ranges: [1, 250], (250, 600],
 * (600, 1000]. The first range begins with the smallest key itself ({@code after} is empty); every
 * other one behind the end of the one before, so no key is in two. Rows that come later, with keys
 * beyond the last range, were written by both rules.
 */
final class KeyRanges {
  /** Pages of a sample: enough for 64 ranges, and a second of reading at most. */
  private static final int SAMPLED_PAGES = 1000;

  /** Parameters: the number of ranges, then those of the bounds. */
  private static final String CUT =
      """
      WITH zd_low AS (
        SELECT %list[t.{c} AS key{s}] FROM %(table) t ORDER BY %list[t.{c}] LIMIT 1
      ), zd_high AS (
        SELECT %list[t.{c} AS key{s}] FROM %(table) t ORDER BY %list[t.{c} DESC] LIMIT 1
      ), zd_bounds AS (
        %(bounds)
      ), zd_inside AS (
        SELECT %list[b.key{s}], row_number() OVER (ORDER BY %list[b.key{s}]) AS n,
          count(*) OVER () AS total
        FROM zd_bounds b, zd_low l, zd_high h
        WHERE %row[b.key{s}] > %row[l.key{s}] AND %row[b.key{s}] < %row[h.key{s}]
      ), zd_picked AS (
        SELECT %list[key{s}] FROM zd_inside
        WHERE n * $1::bigint / (total + 1) <> (n - 1) * $1::bigint / (total + 1)
        UNION SELECT * FROM zd_low
        UNION SELECT * FROM zd_high
      )
      SELECT %text[p.key{s}] AS bound FROM zd_picked p ORDER BY %list[p.key{s}]
      """;

  /**
   * The statistics of a partitioned table are those of its partitions. OFFSET 0 keeps conditions on
   * the bounds outside: the planner may else cast the bounds of all columns of that name, and those
   * of another table's text cannot be cast.
   */
  private static final String HISTOGRAM =
      """
      SELECT %list[{b} AS key{s}] FROM (
        SELECT unnest(s.histogram_bounds::text::text[]) AS b
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
          AND s.attname = $3 AND s.inherited = (c.relkind = 'p')
        WHERE c.oid = to_regclass($2) OFFSET 0) h\
      """;

  private static final String SAMPLE =
      "SELECT %list[t.{c} AS key{s}] FROM %(table) t TABLESAMPLE SYSTEM ($2)";

  /** Of one range: its ends are enough. */
  private static final String NO_BOUNDS = "SELECT %list[t.{c} AS key{s}] FROM %(table) t LIMIT 0";

  private static final String PAGES =
      """
      SELECT COALESCE(sum(pg_relation_size(relation)), 0)::bigint
        / current_setting('block_size')::bigint AS pages
      FROM (SELECT to_regclass($1)::oid AS relation
        UNION SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf) parts
      """;

  /** The rows of a partitioned table are those of its leaves: autovacuum counts no others. */
  private static final String ESTIMATE =
      """
      SELECT COALESCE(sum(%s), 0)::bigint AS rows
      FROM pg_class c
      WHERE c.relkind <> 'p' AND c.oid IN (SELECT to_regclass($1)::oid
        UNION SELECT relid FROM pg_partition_tree(to_regclass($1)))
      """
          .formatted(Leaves.ROWS);

  private static final String INSERT_RANGE =
      """
      INSERT INTO backfill_progress (run_id, range_no, low_key, after_key, high_key, leaf,
        leaf_inserts)
      VALUES ($1, $2, $3, $4, $5, $6::bigint::oid, $7)
      """;

  private KeyRanges() {}

  /** Gives the ranges to a run, each at its beginning. */
  static Uni<Void> insert(SqlConnection transaction, long run, List<Range> ranges) {
    return insert(transaction, run, 0, ranges);
  }

  /** Gives more ranges to a run, numbered from {@code first}. */
  static Uni<Void> insert(SqlConnection transaction, long run, int first, List<Range> ranges) {
    if (ranges.isEmpty()) {
      return Uni.createFrom().voidItem();
    }
    List<Tuple> tuples = new ArrayList<>();
    for (int i = 0; i < ranges.size(); i++) {
      Range range = ranges.get(i);
      boolean firstOfLeaf = i == 0 || !ranges.get(i - 1).leaf().equals(range.leaf());
      tuples.add(
          Tuple.tuple()
              .addValue(run)
              .addValue(first + i)
              .addValue(range.low())
              .addValue(range.after().orElse(null))
              .addValue(range.high())
              .addValue(range.leaf().map(Leaf::id).orElse(null))
              .addValue(range.leaf().filter(leaf -> firstOfLeaf).map(Leaf::inserts).orElse(null)));
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

  /** At most {@code count} ranges that cover every key of the table or partition, in order. */
  static Uni<List<Range>> cut(SqlClient client, KeySql key, int count) {
    return byHistogram(client, key, count)
        .chain(
            bounds ->
                bounds.size() != 2 || count < 2
                    ? Uni.createFrom().item(bounds)
                    : withoutHistogram(client, key, bounds, count))
        .map(KeyRanges::between)
        .map(ranges -> ranges.stream().map(range -> range.in(key.leaf())).toList());
  }

  private static Uni<List<String>> byHistogram(SqlClient client, KeySql key, int count) {
    if (count < 2) {
      return bounds(client, key, NO_BOUNDS, Tuple.of((long) count));
    }
    return key.names().size() > 1
        ? bySample(client, key, count).chain(bounds -> atLeast(client, key, bounds, count))
        : bounds(client, key, HISTOGRAM, Tuple.of((long) count, key.table(), key.names().get(0)));
  }

  private static Uni<List<String>> withoutHistogram(
      SqlClient client, KeySql key, List<String> bounds, int count) {
    if (key.integer()) {
      return Uni.createFrom().item(evenly(bounds, count));
    }
    return key.names().size() > 1 ? Uni.createFrom().item(bounds) : bySample(client, key, count);
  }

  /** A sample may meet pages without rows only: those of a table that has lost most of its rows. */
  private static Uni<List<String>> atLeast(
      SqlClient client, KeySql key, List<String> sampled, int count) {
    return sampled.size() > count || sampled.isEmpty()
        ? Uni.createFrom().item(sampled)
        : byLeadingColumns(client, key, count)
            .map(known -> known.size() > sampled.size() ? known : sampled);
  }

  /** The bounds of a key of several columns by the statistics of the first two. */
  static Uni<List<String>> byLeadingColumns(SqlClient client, KeySql key, int count) {
    return bounds(
        client,
        key.fill(CUT.replace("%(bounds)", LeadingColumns.BOUNDS), LeadingColumns.places(key)),
        Tuple.of((long) count, key.table(), key.names().get(0), key.names().get(1)));
  }

  private static Uni<List<String>> bySample(SqlClient client, KeySql key, int count) {
    return client
        .preparedQuery(PAGES)
        .execute(Tuple.of(key.table()))
        .map(rows -> Math.max(1, rows.iterator().next().getLong("pages")))
        .map(pages -> (float) Math.min(100, 100.0 * SAMPLED_PAGES / pages))
        .chain(percent -> bounds(client, key, SAMPLE, Tuple.of((long) count, percent)));
  }

  private static Uni<List<String>> bounds(
      SqlClient client, KeySql key, String bounds, Tuple parameters) {
    return bounds(client, key.fill(CUT.replace("%(bounds)", bounds)), parameters);
  }

  private static Uni<List<String>> bounds(SqlClient client, String sql, Tuple parameters) {
    return client
        .preparedQuery(sql)
        .execute(parameters)
        .map(rows -> rows.stream().map(row -> row.getString("bound")).toList());
  }

  /** Exact numbers: a rounded or overflown last bound would leave the last rows in no range. */
  private static List<String> evenly(List<String> bounds, int count) {
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
   *
   * @param leaf the partition whose keys these are; empty for keys of the whole table
   */
  record Range(String low, Optional<String> after, String high, Optional<Leaf> leaf) {
    Range(String low, Optional<String> after, String high) {
      this(low, after, high, Optional.empty());
    }

    Range in(Optional<Leaf> partition) {
      return new Range(low, after, high, partition);
    }
  }
}
