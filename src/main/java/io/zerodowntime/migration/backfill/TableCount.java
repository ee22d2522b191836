package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.Migration;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * What a whole-table run is proven against. The table is counted in pages by key, in a statement
 * each, so that no statement comes near the bound of its connection, and a run that was stopped
 * meanwhile, or whose epoch ended, stops the count at its next page.
 *
 * @param rows rows with keys from the run's first to its last, or without a key; empty for a
 *     repair, which proves nothing, and for a table that could not be counted
 * @param inserts rows inserted into the table until after the count, by the statistics
 */
record TableCount(Optional<Long> rows, long inserts) {
  /** Nothing is proven by it. */
  static final TableCount NONE = new TableCount(Optional.empty(), 0);

  /** A busy session reports once a second. */
  private static final Duration REPORTED_WITHIN = Duration.ofSeconds(3);

  private static final Duration ASKED_EVERY = Duration.ofMillis(200);
  private static final int PAGE = 10_000;
  private static final String QUERY_CANCELED = "57014";

  private static final String BOUNDS =
      """
      SELECT
        (SELECT low_key FROM backfill_progress
         WHERE run_id = $1 ORDER BY range_no LIMIT 1) AS low,
        (SELECT high_key FROM backfill_progress
         WHERE run_id = $1 AND range_no < %d ORDER BY range_no DESC LIMIT 1) AS high
      """
          .formatted(BatchStatement.FIRST_SKIPPED);

  /** With ties: where the key is not unique any more, no row may fall between two pages. */
  private static final String ROWS =
      """
      WITH zd_page AS (
        SELECT %list[t.{c} AS zd_key{s}] FROM %(table) t
        WHERE %row[t.{c}] %(from) %row[{$2::text}] AND %row[t.{c}] <= %row[{$3::text}]
          %also[t.{c} >= {$2::text}]
        ORDER BY %list[t.{c}] FETCH FIRST %(page) ROWS WITH TIES
      )
      SELECT count(*) AS rows,
        (SELECT %text[p.zd_key{s}] FROM zd_page p ORDER BY %list[p.zd_key{s} DESC] LIMIT 1) AS last,
        EXISTS (SELECT FROM backfill_run r
          JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
          WHERE r.id = $1 AND r.state = 'running') AS running
      FROM zd_page
      """;

  /** A transaction keeps the statistics that it has read once. */
  private static final String FRESH = "SELECT pg_stat_clear_snapshot()";

  private static final String PROVES =
      """
      SELECT (SELECT COALESCE(sum(scanned), 0) FROM backfill_progress WHERE run_id = $1)
        + $3::bigint - r.inserts_before >= $2::bigint AS proves
      FROM backfill_run r WHERE r.id = $1
      """;

  private static final String ROWS_WITHOUT_KEY =
      "SELECT count(*) AS rows FROM %(table) t WHERE %(withoutKey)";

  private static final String INSERTS =
      """
      SELECT COALESCE(sum(pg_stat_get_tuples_inserted(relation)), 0)::bigint AS inserts
      FROM (SELECT to_regclass($1)::oid AS relation
        UNION SELECT relid FROM pg_partition_tree(to_regclass($1))) parts
      """;

  /**
   * The same, once the statistics prove the count, or {@link #REPORTED_WITHIN} has passed. A
   * session reports what it inserted a second later, and where keys are in no order its rows lie
   * among those of the run.
   */
  static Uni<TableCount> reported(SqlClient client, Migration migration, Run run) {
    return of(client, migration, run)
        .chain(
            count ->
                count.rows().isEmpty()
                    ? Uni.createFrom().item(count)
                    : reported(client, migration, run, count));
  }

  private static Uni<TableCount> reported(
      SqlClient client, Migration migration, Run run, TableCount count) {
    long end = System.nanoTime() + REPORTED_WITHIN.toNanos();
    AtomicBoolean proven = new AtomicBoolean();
    return Multi.createBy()
        .repeating()
        .uni(
            () ->
                client
                    .query(FRESH)
                    .execute()
                    .chain(() -> inserts(client, migration))
                    .map(now -> new TableCount(count.rows(), now))
                    .call(now -> proves(client, run, now).invoke(proven::set)))
        .withDelay(ASKED_EVERY)
        .whilst(now -> !proven.get() && System.nanoTime() < end)
        .collect()
        .last();
  }

  private static Uni<Boolean> proves(SqlClient client, Run run, TableCount count) {
    return client
        .preparedQuery(PROVES)
        .execute(Tuple.of(run.id(), count.rows().orElse(0L), count.inserts()))
        .map(rows -> rows.iterator().next().getBoolean("proves"));
  }

  static Uni<TableCount> of(SqlClient client, Migration migration, Run run) {
    return run.wholeTable()
        ? KeySql.of(client, migration)
            .chain(key -> rows(client, key, run))
            .chain(
                rows ->
                    inserts(client, migration).map(now -> new TableCount(Optional.of(rows), now)))
        : Uni.createFrom().item(NONE);
  }

  private static Uni<Long> rows(SqlClient client, KeySql key, Run run) {
    return withKey(client, key, run)
        .chain(with -> withoutKey(client, key).map(without -> with + without));
  }

  /** Whether the server ended a page of a count after the longest time that a statement has. */
  static boolean tookTooLong(Throwable failure) {
    return failure instanceof PgException refused && QUERY_CANCELED.equals(refused.getSqlState());
  }

  private static Uni<Long> withKey(SqlClient client, KeySql key, Run run) {
    return client
        .preparedQuery(BOUNDS)
        .execute(Tuple.of(run.id()))
        .map(rows -> rows.iterator().next())
        .chain(
            bounds ->
                bounds.getString("low") == null
                    ? Uni.createFrom().item(0L)
                    : pages(client, key, run, bounds)
                        .collect()
                        .with(Collectors.summingLong(Page::rows)));
  }

  private static Multi<Page> pages(SqlClient client, KeySql key, Run run, Row bounds) {
    AtomicReference<String> last = new AtomicReference<>();
    return Multi.createBy()
        .repeating()
        .uni(
            () ->
                client
                    .preparedQuery(sql(ROWS, key, last.get() == null ? ">=" : ">"))
                    .execute(
                        Tuple.of(
                            run.id(),
                            last.get() == null ? bounds.getString("low") : last.get(),
                            bounds.getString("high")))
                    .map(rows -> page(rows.iterator().next()))
                    .invoke(page -> last.set(page.last())))
        .whilst(page -> page.running() && page.rows() >= PAGE);
  }

  private static Page page(Row row) {
    return new Page(row.getLong("rows"), row.getString("last"), row.getBoolean("running"));
  }

  private static Uni<Long> withoutKey(SqlClient client, KeySql key) {
    return client
        .preparedQuery(sql(ROWS_WITHOUT_KEY, key, ""))
        .execute()
        .map(rows -> rows.iterator().next().getLong("rows"));
  }

  /** Rows inserted into the table and its partitions so far; never fewer later. */
  static Uni<Long> inserts(SqlClient client, Migration migration) {
    return client
        .preparedQuery(INSERTS)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.iterator().next().getLong("inserts"));
  }

  private static String sql(String template, KeySql key, String from) {
    return key.fill(template, Map.of("page", String.valueOf(PAGE), "from", from));
  }

  /**
   * @param last the last key; null where there is no row
   * @param running whether the run still goes on
   */
  private record Page(long rows, String last, boolean running) {}
}
