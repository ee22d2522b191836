package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sequential;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
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

  /**
   * What is counted: the keys of the table or, of a partitioned one, those of each partition, from
   * the first to the last that the run knew. A partition that was detached is not counted, and what
   * the run saw of it does not count. Inserts are those since the partition's ranges were cut.
   */
  private static final String PARTS =
      Leaves.TREE
          + """
          SELECT c.oid::bigint AS id,
            CASE WHEN c.oid IS NOT NULL THEN format('%%I.%%I', n.nspname, c.relname) END AS name,
            (array_agg(p.low_key ORDER BY p.range_no))[1] AS low,
            (array_agg(p.high_key ORDER BY p.range_no DESC)
              FILTER (WHERE p.range_no < %d))[1] AS high,
            p.leaf IS NULL AS is_table, sum(p.scanned)::bigint AS scanned,
            COALESCE(sum(GREATEST(0, pg_stat_get_tuples_inserted(c.oid) - p.leaf_inserts)), 0)
              ::bigint AS inserts
          FROM backfill_progress p
          LEFT JOIN pg_class c ON c.oid = p.leaf
            AND (p.leaf IN (SELECT relation FROM tree)) IS TRUE
          LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE p.run_id = $1
          GROUP BY p.leaf, c.oid, n.nspname, c.relname ORDER BY p.leaf
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

  private static final String SAVEPOINT = "SAVEPOINT zd_count";
  private static final String BACK = "ROLLBACK TO SAVEPOINT zd_count";
  private static final String END = BACK + "; RELEASE SAVEPOINT zd_count";

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
   * Counts, and waits until the statistics prove the count, or {@link #REPORTED_WITHIN} has passed.
   * A session reports what it inserted a second later, and where keys are in no order its rows lie
   * among those of the run.
   */
  static Uni<TableCount> of(SqlClient client, Migration migration, Run run) {
    return run.wholeTable()
        ? KeySql.of(client, migration, run)
            .chain(
                key -> rows(client, key, run).chain(rows -> untilReported(client, key, run, rows)))
        : Uni.createFrom().item(NONE);
  }

  /**
   * The rows alone, in a transaction, which keeps no lock of what is counted: it goes on for as
   * long as the whole count, and who detaches a partition locks the table and waits for the
   * partition.
   */
  static Uni<Long> rows(SqlClient transaction, KeySql key, Run run) {
    return freeingLocks(transaction, () -> counted(transaction, key, run));
  }

  private static Uni<Long> counted(SqlClient transaction, KeySql key, Run run) {
    return parts(transaction, key, run)
        .chain(
            parts ->
                Sequential.map(
                    parts,
                    part ->
                        rows(transaction, key, run, part)
                            .call(() -> transaction.query(BACK).execute())))
        .map(counts -> counts.stream().mapToLong(Long::longValue).sum())
        .chain(with -> withoutKey(transaction, key).map(without -> with + without));
  }

  /** Reads, and gives the locks back that it took. */
  static <T> Uni<T> freeingLocks(SqlClient transaction, Supplier<Uni<T>> reading) {
    return transaction
        .query(SAVEPOINT)
        .execute()
        .chain(() -> reading.get())
        .call(() -> transaction.query(END).execute());
  }

  /** The statistics are read after the count. */
  private static Uni<TableCount> untilReported(SqlClient client, KeySql key, Run run, long rows) {
    long end = System.nanoTime() + REPORTED_WITHIN.toNanos();
    AtomicBoolean proven = new AtomicBoolean();
    return Multi.createBy()
        .repeating()
        .uni(
            () ->
                client
                    .query(FRESH)
                    .execute()
                    .chain(() -> inserts(client, key, run))
                    .map(inserts -> new TableCount(Optional.of(rows), inserts))
                    .call(count -> proves(client, run, count).invoke(proven::set)))
        .withDelay(ASKED_EVERY)
        .whilst(count -> !proven.get() && System.nanoTime() < end)
        .collect()
        .last();
  }

  private static Uni<Boolean> proves(SqlClient client, Run run, TableCount count) {
    return client
        .preparedQuery(PROVES)
        .execute(Tuple.of(run.id(), count.rows().orElse(0L), count.inserts()))
        .map(rows -> rows.iterator().next().getBoolean("proves"));
  }

  private static Uni<Long> inserts(SqlClient client, KeySql key, Run run) {
    return parts(client, key, run)
        .chain(
            parts ->
                parts.stream().allMatch(Part::isTable)
                    ? inserts(client, key.migration())
                    : Uni.createFrom()
                        .item(parts.stream().filter(Part::exists).mapToLong(Part::inserts).sum()));
  }

  private static Uni<List<Part>> parts(SqlClient client, KeySql key, Run run) {
    return client
        .preparedQuery(PARTS)
        .execute(Tuple.of(run.id(), key.table()))
        .map(rows -> rows.stream().map(TableCount::part).toList());
  }

  private static Part part(Row row) {
    return new Part(
        Optional.ofNullable(row.getString("name"))
            .map(name -> new Leaf(row.getLong("id"), name, 0, 0)),
        row.getBoolean("is_table"),
        row.getString("low"),
        row.getString("high"),
        row.getLong("scanned"),
        row.getLong("inserts"));
  }

  /** Whether the server ended a page of a count after the longest time that a statement has. */
  static boolean tookTooLong(Throwable failure) {
    return failure instanceof PgException refused && QUERY_CANCELED.equals(refused.getSqlState());
  }

  private static Uni<Long> rows(SqlClient client, KeySql key, Run run, Part part) {
    return part.exists()
        ? pages(client, part.leaf().map(key::in).orElse(key), run, part)
            .collect()
            .with(Collectors.summingLong(Page::rows))
        : Uni.createFrom().item(part.scanned());
  }

  private static Multi<Page> pages(SqlClient client, KeySql key, Run run, Part part) {
    AtomicReference<String> last = new AtomicReference<>();
    return Multi.createBy()
        .repeating()
        .uni(
            () ->
                client
                    .preparedQuery(sql(ROWS, key, last.get() == null ? ">=" : ">"))
                    .execute(
                        Tuple.of(
                            run.id(), last.get() == null ? part.low() : last.get(), part.high()))
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

  /**
   * One of the parts that are counted.
   *
   * @param leaf empty for the table, and for a partition that is no more
   * @param scanned rows that the run saw of it
   * @param inserts rows inserted into the partition since its ranges were cut
   */
  private record Part(
      Optional<Leaf> leaf, boolean isTable, String low, String high, long scanned, long inserts) {
    boolean exists() {
      return isTable || leaf.isPresent();
    }
  }
}
