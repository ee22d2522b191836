package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import java.util.List;
import java.util.Optional;

/**
 * The partitions of a partitioned table, each with ranges of its own. A run is not closed before it
 * has read every partition that there is then: one that was attached while it ran gets ranges too,
 * and the ranges of one that was detached or dropped end.
 */
final class Leaves {
  /** Rows of {@code c}. Where no one has counted them, a row is taken for 100 bytes. */
  static final String ROWS =
      "CASE WHEN c.reltuples < 0 AND COALESCE(pg_stat_get_live_tuples(c.oid), 0) = 0"
          + " THEN pg_relation_size(c.oid) / 100"
          + " ELSE GREATEST(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0) END";

  /**
   * Of a table that is not partitioned there are none. Locks keep them until the transaction ends.
   */
  private static final String LEAVES =
      """
      SELECT c.oid::bigint AS id, format('%%I.%%I', n.nspname, c.relname) AS name,
        %s AS rows, COALESCE(pg_stat_get_tuples_inserted(c.oid), 0) AS inserts
      FROM pg_class r CROSS JOIN LATERAL pg_partition_tree(r.oid) t
      JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE r.oid = to_regclass($1) AND r.relkind = 'p' AND t.isleaf
      ORDER BY name
      """
          .formatted(ROWS);

  /** Those that have no range in a run. A run ends without a lock on any other one. */
  private static final String WITHOUT_RANGES =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """

          SELECT c.oid::bigint AS id, format('%%I.%%I', n.nspname, c.relname) AS name,
            %s AS rows, COALESCE(pg_stat_get_tuples_inserted(c.oid), 0) AS inserts
          FROM tree t JOIN pg_class c ON c.oid = t.relation AND c.relkind <> 'p'
          JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relispartition AND c.oid <> to_regclass($1)
            AND NOT EXISTS (SELECT FROM backfill_progress p WHERE p.run_id = $2 AND p.leaf = c.oid)
          ORDER BY name
          """
              .formatted(ROWS);

  private static final String MORE_ROWS =
      "UPDATE backfill_run SET rows_estimate = rows_estimate + $2::bigint WHERE id = $1";

  private static final String NEXT_NUMBER =
      """
      SELECT COALESCE(max(range_no), -1) + 1 AS next FROM backfill_progress
      WHERE run_id = $1 AND range_no < %d
      """
          .formatted(BatchStatement.FIRST_SKIPPED);

  /** The table with its partitions. */
  static final String TREE = "WITH RECURSIVE " + PartitionTree.of("to_regclass($2)");

  private static final String NEXT_ORDER =
      "ORDER BY range_no >= %d, updated_at, range_no LIMIT 1 FOR UPDATE SKIP LOCKED"
          .formatted(BatchStatement.FIRST_SKIPPED);

  private static final String NAMED =
      """
      SELECT c.oid::bigint AS id, format('%I.%I', n.nspname, c.relname) AS name,
        0::bigint AS rows, 0::bigint AS inserts
      FROM (SELECT leaf FROM backfill_progress WHERE run_id = $1 AND NOT done {which}) p
      JOIN pg_class c ON c.oid = p.leaf JOIN pg_namespace n ON n.oid = c.relnamespace
      """;

  /**
   * The range that no worker has begun or, if there is none, was left longest ago; none if its
   * partition is not one of the table's any more. It reads the catalog for this one only.
   */
  private static final String NEXT_IF_ATTACHED =
      NAMED.replace("{which}", NEXT_ORDER)
          + """
          WHERE EXISTS (
            WITH RECURSIVE above AS (
              SELECT p.leaf AS relation
              UNION ALL SELECT i.inhparent FROM pg_inherits i
              JOIN above ON i.inhrelid = above.relation WHERE NOT i.inhdetachpending)
            SELECT FROM above WHERE relation = to_regclass($2))
          """;

  /**
   * The same, and ends the ranges of partitions that are gone. IS TRUE keeps the look into the tree
   * a hashed one: as a join it would be made for each range.
   */
  private static final String NEXT =
      TREE
          + """
          , lost AS MATERIALIZED (
            SELECT range_no FROM backfill_progress
            WHERE run_id = $1 AND NOT done AND leaf NOT IN (SELECT relation FROM tree)
            FOR UPDATE SKIP LOCKED
          ), ended AS (
            DELETE FROM backfill_progress
            WHERE run_id = $1 AND range_no = ANY (ARRAY(SELECT range_no FROM lost))
          )
          """
          + NAMED.replace(
              "{which}", "AND (leaf IN (SELECT relation FROM tree)) IS TRUE " + NEXT_ORDER);

  private Leaves() {}

  private static Leaf leaf(Row row) {
    return new Leaf(
        row.getLong("id"), row.getString("name"), row.getLong("rows"), row.getLong("inserts"));
  }

  /** The partitions of the table now; none if it is not partitioned. */
  static Uni<List<Leaf>> of(SqlClient client, Migration migration) {
    return leaves(client, LEAVES, Tuple.of(migration.table()));
  }

  private static Uni<List<Leaf>> leaves(SqlClient client, String sql, Tuple parameters) {
    return client
        .preparedQuery(sql)
        .execute(parameters)
        .map(rows -> rows.stream().map(Leaves::leaf).toList());
  }

  /** A partition to work on; empty if others hold what is left, or there is none left. */
  static Uni<Optional<Leaf>> next(SqlClient client, Migration migration, Run run) {
    return next(client, NEXT_IF_ATTACHED, migration, run)
        .chain(
            found ->
                found.isPresent()
                    ? Uni.createFrom().item(found)
                    : next(client, NEXT, migration, run));
  }

  private static Uni<Optional<Leaf>> next(
      SqlClient client, String statement, Migration migration, Run run) {
    return client
        .preparedQuery(statement)
        .execute(Tuple.of(run.id(), migration.table()))
        .map(rows -> rows.stream().map(Leaves::leaf).findFirst());
  }

  /** Counts the table; empty if there are partitions that the run has yet to read. */
  static Uni<Optional<TableCount>> countIfAllRead(
      SqlConnection transaction, Migration migration, Run run) {
    return addNew(transaction, migration, run)
        .chain(
            more ->
                more
                    ? Uni.createFrom().item(Optional.empty())
                    : TableCount.of(transaction, migration, run)
                        .chain(count -> unlessMore(transaction, migration, run, count)));
  }

  /** The count takes a while, and partitions may come meanwhile. */
  private static Uni<Optional<TableCount>> unlessMore(
      SqlConnection transaction, Migration migration, Run run, TableCount count) {
    return addNew(transaction, migration, run)
        .map(more -> more ? Optional.empty() : Optional.of(count));
  }

  /**
   * Gives ranges to the partitions that have none in this run.
   *
   * @return whether there are rows in one of them, so that the run goes on
   */
  private static Uni<Boolean> addNew(SqlConnection transaction, Migration migration, Run run) {
    return run.wholeTable()
        ? leaves(transaction, WITHOUT_RANGES, Tuple.of(migration.table(), run.id()))
            .chain(leaves -> add(transaction, migration, run, leaves))
        : Uni.createFrom().item(false);
  }

  private static Uni<Boolean> add(
      SqlConnection transaction, Migration migration, Run run, List<Leaf> leaves) {
    return leaves.isEmpty()
        ? Uni.createFrom().item(false)
        : TableCount.freeingLocks(
                transaction,
                () ->
                    KeySql.of(transaction, migration, run)
                        .chain(
                            key ->
                                LeafRanges.cut(
                                    transaction,
                                    key,
                                    leaves,
                                    Backfill.MAX_RANGES,
                                    run.limits().batchSize())))
            .call(ranges -> expect(transaction, run, ranges))
            .call(
                ranges ->
                    transaction
                        .preparedQuery(NEXT_NUMBER)
                        .execute(Tuple.of(run.id()))
                        .map(rows -> rows.iterator().next().getInteger("next"))
                        .chain(next -> KeyRanges.insert(transaction, run.id(), next, ranges)))
            .map(ranges -> !ranges.isEmpty());
  }

  /** Their rows are rows of the run from now on: those of an empty partition are none. */
  private static Uni<Void> expect(
      SqlConnection transaction, Run run, List<KeyRanges.Range> ranges) {
    long rows =
        ranges.stream()
            .flatMap(range -> range.leaf().stream())
            .distinct()
            .mapToLong(Leaf::rows)
            .sum();
    return transaction.preparedQuery(MORE_ROWS).execute(Tuple.of(run.id(), rows)).replaceWithVoid();
  }
}
