package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.backfill.SnapshotPages.Part;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A session that sees the table at one instant, in a transaction that only reads. It locks the
 * table (ACCESS SHARE) before it takes its snapshot, so nothing rewrites or truncates the table
 * between the instant and the reading: a row version of the instant stays on its page.
 *
 * <p>Of a partitioned table it locks a partition for the time of one statement only, by going back
 * to a savepoint: who detaches one locks the table first, and all clients would wait behind it.
 * What was rewritten or truncated meanwhile shows at the end, by {@link SnapshotPages#MARKED}.
 */
final class SnapshotSession {
  /** A parallel scan in place of a range of pages would read the table once for each range. */
  private static final String BEGIN =
      """
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;%s
      SET LOCAL enable_tidscan = on; SET LOCAL max_parallel_workers_per_gather = 0;
      %s
      """;

  private static final String LOCK = "LOCK TABLE %s IN ACCESS SHARE MODE";
  private static final String SAVEPOINT = "SAVEPOINT zd_range";
  private static final String FREE_LOCKS = "ROLLBACK TO SAVEPOINT zd_range";

  private static final String KNOWN =
      """
      SELECT COALESCE((SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass($1)), false)
          AS partitioned,
        (SELECT setting::float8 / 1000 FROM pg_settings
         WHERE name = 'idle_in_transaction_session_timeout') AS idle
      """;

  private static final String PARTITIONS =
      SnapshotPages.MARKED
          + """
          SELECT c.oid::bigint AS id, format('%I.%I', n.nspname, c.relname) AS name, l.mark,
            COALESCE(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint AS pages
          FROM leaf l JOIN pg_class c ON c.oid = l.id JOIN pg_namespace n ON n.oid = c.relnamespace
          ORDER BY name
          """;

  /** undefined_table, undefined_column: a partition is not there under its name any more. */
  private static final Set<String> GONE_STATES = Set.of("42P01", "42703");

  /** in_failed_sql_transaction: by the other lane; lock_not_available, deadlock_detected. */
  private static final Set<String> REPEATED_STATES = Set.of("25P02", "55P03", "40P01");

  private static final int REPEATED = 5;

  /** A statement that was sent within the limit, and its rest. */
  private static final Duration BEYOND_LIMIT = Duration.ofMinutes(2);

  /**
   * The claim is a lock that ends with the session. The snapshot is older than what the statement
   * reads of the table's size, so each row version that it shows lies below the last page.
   */
  private static final String EXPORT =
      """
      SELECT c.claimed, CASE WHEN c.claimed THEN pg_export_snapshot() END AS snapshot,
        EXISTS (SELECT FROM backfill_run r
          JOIN migration_state s ON s.name = r.migration AND s.epoch = r.epoch
          WHERE r.id = $1 AND r.state = 'running' AND r.snapshot) AS working,
        now() AS taken_at,
        pg_relation_size(to_regclass($2)) / current_setting('block_size')::bigint AS pages
      FROM (SELECT pg_try_advisory_xact_lock(
        hashtextextended('zerodowntime-snapshot/' || $1::bigint, 0)) AS claimed OFFSET 0) c
      """;

  private final SqlConnection connection;
  private volatile boolean partitioned;
  private volatile Cancellable alive = () -> {};

  private SnapshotSession(SqlConnection connection) {
    this.connection = connection;
  }

  /**
   * Opens a session on the exported snapshot, or one that will take its own.
   *
   * @param limit how long it is kept from being ended as idle, but for its last statement
   */
  static Uni<SnapshotSession> open(
      Pool pool, Migration migration, Optional<String> snapshot, Duration limit) {
    return pool.getConnection()
        .map(SnapshotSession::new)
        .chain(
            session ->
                session
                    .begin(migration, snapshot, limit)
                    .replaceWith(session)
                    .onFailure()
                    .call(session::close));
  }

  private Uni<Void> begin(Migration migration, Optional<String> snapshot, Duration limit) {
    String imported = snapshot.map(id -> " SET TRANSACTION SNAPSHOT '" + id + "';").orElse("");
    return connection
        .preparedQuery(KNOWN)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.iterator().next())
        .invoke(row -> partitioned = row.getBoolean("partitioned"))
        .invoke(
            row ->
                alive = KeepAlive.of(connection, row.getDouble("idle"), limit.plus(BEYOND_LIMIT)))
        .chain(() -> connection.query(BEGIN.formatted(imported, locked(migration))).execute())
        // no snapshot is exported from behind a savepoint
        .call(() -> snapshot.isPresent() ? savepoint() : Uni.createFrom().voidItem())
        .replaceWithVoid();
  }

  private String locked(Migration migration) {
    return partitioned ? "" : LOCK.formatted(migration.table());
  }

  private Uni<Void> savepoint() {
    return partitioned
        ? connection.query(SAVEPOINT).execute().replaceWithVoid()
        : Uni.createFrom().voidItem();
  }

  /** Claims the run and takes the snapshot. */
  Uni<Exported> export(Migration migration, Run run) {
    return connection
        .preparedQuery(EXPORT)
        .execute(Tuple.of(run.id(), migration.table()))
        .map(rows -> rows.iterator().next())
        .chain(
            row ->
                parts(migration, row)
                    .map(
                        parts ->
                            new Exported(
                                row.getBoolean("claimed"),
                                row.getBoolean("working"),
                                row.getString("snapshot"),
                                row.getOffsetDateTime("taken_at"),
                                new SnapshotPages(parts))))
        .call(this::savepoint);
  }

  private Uni<List<Part>> parts(Migration migration, Row exported) {
    return partitioned
        ? connection
            .preparedQuery(PARTITIONS)
            .execute(Tuple.of(migration.table()))
            .map(rows -> rows.stream().map(SnapshotSession::part).toList())
        : Uni.createFrom().item(List.of(new Part(Optional.empty(), "", exported.getLong("pages"))));
  }

  private static Part part(Row row) {
    return new Part(
        Optional.of(new Leaf(row.getLong("id"), row.getString("name"), 0, 0)),
        row.getString("mark"),
        row.getLong("pages"));
  }

  /**
   * Compares the rows of these pages.
   *
   * @param key that mismatches are kept by
   * @return what was found; empty if the partition is not there under its name any more
   */
  Uni<Optional<Found>> compare(KeySql key, SnapshotPages.Range range, long keys) {
    String sql = PageComparison.sql(key, range.part().leaf());
    Tuple bounds = Tuple.of("(" + range.from() + ",0)", "(" + range.to() + ",0)", keys);
    Uni<Optional<Found>> found =
        connection.preparedQuery(sql).execute(bounds).map(PageComparison::found);
    return partitioned ? unlocked(found) : found;
  }

  /** Gives the lock back, however the statement ends; another lane may have failed before it. */
  private Uni<Optional<Found>> unlocked(Uni<Optional<Found>> found) {
    return found
        .onItemOrFailure()
        .call(() -> connection.query(FREE_LOCKS).execute())
        .onFailure(failure -> hasState(failure, REPEATED_STATES))
        .retry()
        .atMost(REPEATED)
        .onFailure(failure -> hasState(failure, GONE_STATES))
        .recoverWithItem(Optional.empty());
  }

  private static boolean hasState(Throwable failure, Set<String> states) {
    return failure instanceof PgException refused && states.contains(refused.getSqlState());
  }

  /** Gives the snapshot, the claim and the connection back; never fails. */
  Uni<Void> close() {
    alive.cancel();
    return connection
        .query("ROLLBACK")
        .execute()
        .onFailure()
        .recoverWithNull()
        .chain(connection::close)
        .onFailure()
        .recoverWithNull();
  }

  /**
   * A snapshot.
   *
   * @param claimed false if another session has claimed the run
   * @param working false if the run is not running, or no longer compares in a snapshot
   * @param snapshot its name; null if the run is not claimed
   * @param takenAt not later than the snapshot
   * @param pages of the table or its partitions, as they were at the instant of the snapshot
   */
  record Exported(
      boolean claimed,
      boolean working,
      String snapshot,
      OffsetDateTime takenAt,
      SnapshotPages pages) {}

  /** What a range held; keys of mismatches with what their columns hold, in three arrays. */
  @SuppressWarnings("ArrayRecordComponent") // parameters of a statement
  record Found(long rows, long mismatched, String[] keys, String[] oldValues, String[] newValues) {
    static final Found NOTHING = new Found(0, 0, new String[0], new String[0], new String[0]);

    Found plus(Found more) {
      return new Found(
          rows + more.rows,
          mismatched + more.mismatched,
          joined(keys, more.keys),
          joined(oldValues, more.oldValues),
          joined(newValues, more.newValues));
    }

    /** The same with {@code count} keys at most. */
    Found first(long count) {
      int kept = (int) Math.min(count, keys.length);
      return new Found(
          rows,
          mismatched,
          Arrays.copyOf(keys, kept),
          Arrays.copyOf(oldValues, kept),
          Arrays.copyOf(newValues, kept));
    }

    private static String[] joined(String[] some, String[] more) {
      return Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new);
    }
  }
}
