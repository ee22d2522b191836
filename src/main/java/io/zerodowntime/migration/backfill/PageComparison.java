package io.zerodowntime.migration.backfill;

import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.backfill.SnapshotSession.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The statement that compares the rows of a range of pages. */
final class PageComparison {
  /** The second look at the pages is taken only where some row disagrees. */
  private static final String COMPARE =
      """
      WITH zd_seen AS MATERIALIZED (
        SELECT count(*) AS zd_rows, count(*) FILTER (WHERE %(mismatch)) AS zd_differ
        FROM %(table) t WHERE t.ctid >= $1::text::tid AND t.ctid < $2::text::tid
      )
      SELECT %(same) AS zd_same, w.zd_rows, w.zd_differ, x.zd_key, x.zd_old, x.zd_new
      FROM zd_seen w LEFT JOIN LATERAL (
        SELECT %text[t.{c}] AS zd_key, %(old)::text AS zd_old, %(new)::text AS zd_new
        FROM %(table) t
        WHERE w.zd_differ > 0 AND t.ctid >= $1::text::tid AND t.ctid < $2::text::tid
          AND %(mismatch)
        LIMIT $3::bigint) x ON true
      """;

  private PageComparison() {}

  /** The comparison of a range; parameters: its bounds as tid, and keys at most. */
  static String sql(KeySql key, Optional<Leaf> leaf) {
    return leaf.map(key::in).orElse(key).fill(COMPARE, Map.of("same", same(leaf)));
  }

  /** Another partition may have got the name; the lock comes before this look. */
  private static String same(Optional<Leaf> leaf) {
    return leaf.map(
            part ->
                "to_regclass(%s)::oid = %d::oid".formatted(SqlName.literal(part.name()), part.id()))
        .orElse("true");
  }

  /** What it has found; empty if another partition has the name now. */
  static Optional<Found> found(RowSet<Row> rows) {
    Row counts = rows.iterator().next();
    if (!counts.getBoolean("zd_same")) {
      return Optional.empty();
    }
    List<Row> keys = new ArrayList<>();
    rows.forEach(keys::add);
    keys.removeIf(row -> row.getString("zd_key") == null);
    return Optional.of(
        new Found(
            counts.getLong("zd_rows"),
            counts.getLong("zd_differ"),
            column(keys, "zd_key"),
            column(keys, "zd_old"),
            column(keys, "zd_new")));
  }

  private static String[] column(List<Row> rows, String name) {
    return rows.stream().map(row -> row.getString(name)).toArray(String[]::new);
  }
}
