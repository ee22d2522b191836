package io.zerodowntime.migration.backfill;

import java.util.Map;

/**
 * Bounds of a key of several columns, by what the planner knows of the first two: the most common
 * values of the first column (tenants, for example) and its histogram, which leaves these out. A
 * value that many rows share is cut by the second column, else it would be one range. Each bound is
 * a key that exists, the first one at or behind these values; the index finds it. Between two of
 * them lie about half as many rows as a range shall have.
 *
 * <p>Example: of 1,000 rows 900 have the first value 7, and ten ranges are asked for. The bounds
 * are about 18 keys that begin with 7, at equal distances in the histogram of the second column,
 * and two of the histogram of the first one.
 */
final class LeadingColumns {
  /** Parameters: the number of ranges, the table, and the names of the columns. */
  static final String BOUNDS =
      """
      WITH zd_stats AS MATERIALIZED (
        SELECT s.attname = $3 AS is_first, s.most_common_vals::text::text[] AS common,
          s.most_common_freqs AS shares, s.histogram_bounds::text::text[] AS histogram
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
          AND s.attname IN ($3, $4) AND s.inherited = (c.relkind = 'p')
        WHERE c.oid = to_regclass($2)
      ), zd_common AS MATERIALIZED (
        SELECT v.value, v.share,
          sum(v.share) OVER (ORDER BY v.value::%(type1)) * 2 * $1::bigint AS until
        FROM zd_stats, unnest(common, shares) AS v (value, share) WHERE is_first
      ), zd_first AS (
        SELECT value FROM zd_common
        WHERE trunc(until) <> trunc(until - share * 2 * $1::bigint)
        UNION ALL SELECT h.value FROM zd_stats, unnest(histogram) WITH ORDINALITY AS h (value, n),
          (SELECT COALESCE(sum(share), 0) AS common FROM zd_common) w
        WHERE is_first AND h.n % GREATEST(1, (cardinality(histogram)
          / GREATEST(1, 2 * (1 - w.common) * $1::bigint))::bigint) = 0
      ), zd_second AS MATERIALIZED (
        SELECT v.value, row_number() OVER () AS n, count(*) OVER () AS total
        FROM zd_stats, unnest(histogram || common) AS v (value) WHERE NOT is_first
      )
      SELECT %list[k.key{s}] FROM zd_first f CROSS JOIN LATERAL (
        SELECT %list[t.{c} AS key{s}] FROM %(table) t
        WHERE t.%(column1) >= f.value::%(type1) ORDER BY %list[t.{c}] LIMIT 1) k
      UNION ALL
      SELECT %list[k.key{s}] FROM zd_common f JOIN zd_second g ON f.share * $1::bigint > 1
        AND g.n % GREATEST(1, (g.total / (2 * f.share * $1::bigint))::bigint) = 0
      CROSS JOIN LATERAL (
        SELECT %list[t.{c} AS key{s}] FROM %(table) t
        WHERE t.%(column1) >= f.value::%(type1) AND (t.%(column1), t.%(column2))
          >= (f.value::%(type1), g.value::%(type2))
        ORDER BY %list[t.{c}] LIMIT 1) k\
      """;

  private LeadingColumns() {}

  /** What the query names of the key, which has two columns at least. */
  static Map<String, String> places(KeySql key) {
    KeySql.Column first = key.columns().get(0);
    KeySql.Column second = key.columns().get(1);
    return Map.of(
        "column1",
        first.name(),
        "type1",
        first.type(),
        "column2",
        second.name(),
        "type2",
        second.type());
  }
}
