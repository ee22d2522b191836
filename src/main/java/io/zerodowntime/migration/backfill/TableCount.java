package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import java.util.Optional;

/**
 * What a whole-table run is proven against.
 *
 * @param rows rows with keys from the run's first to its last, or without a key, in one snapshot;
 *     empty for a repair, which proves nothing
 * @param inserts rows inserted into the table so far, by the statistics
 */
record TableCount(Optional<Long> rows, long inserts) {
  /** No condition but a filter: an index would only make the way through the whole table longer. */
  private static final String ROWS =
      """
      SELECT count(*) FILTER (WHERE t.%(key) IS NULL
        OR t.%(key) BETWEEN
          (SELECT low_key::%(keyType) FROM backfill_progress
           WHERE run_id = $1 ORDER BY range_no LIMIT 1)
          AND (SELECT high_key::%(keyType) FROM backfill_progress
           WHERE run_id = $1 AND range_no < %(firstSkipped) ORDER BY range_no DESC LIMIT 1)) AS rows
      FROM %(table) t
      """;

  private static final String INSERTS =
      """
      SELECT COALESCE(sum(pg_stat_get_tuples_inserted(relation)), 0)::bigint AS inserts
      FROM (SELECT to_regclass($1)::oid AS relation
        UNION SELECT relid FROM pg_partition_tree(to_regclass($1))) parts
      """;

  static Uni<TableCount> of(SqlClient client, Migration migration, Run run) {
    return run.wholeTable()
        ? client
            .preparedQuery(rows(migration))
            .execute(Tuple.of(run.id()))
            .map(rows -> rows.iterator().next().getLong("rows"))
            .chain(
                rows ->
                    inserts(client, migration).map(now -> new TableCount(Optional.of(rows), now)))
        : Uni.createFrom().item(new TableCount(Optional.empty(), 0));
  }

  /** Rows inserted into the table and its partitions so far; never fewer later. */
  static Uni<Long> inserts(SqlClient client, Migration migration) {
    return client
        .preparedQuery(INSERTS)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.iterator().next().getLong("inserts"));
  }

  private static String rows(Migration migration) {
    return ROWS.replace("%(firstSkipped)", String.valueOf(BatchStatement.FIRST_SKIPPED))
        .replace("%(keyType)", migration.keyType())
        .replace("%(key)", migration.key())
        .replace("%(table)", migration.table());
  }
}
