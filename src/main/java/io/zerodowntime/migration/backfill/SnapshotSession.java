package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A session that sees the table at one instant, in a transaction that only reads. It locks the
 * table (ACCESS SHARE) before it takes its snapshot, so nothing rewrites or truncates the table
 * between the instant and the reading: a row version of the instant stays on its page.
 */
final class SnapshotSession {
  /** A parallel scan in place of a range of pages would read the table once for each range. */
  private static final String BEGIN =
      """
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;%s
      SET LOCAL enable_tidscan = on; SET LOCAL max_parallel_workers_per_gather = 0;
      LOCK TABLE %s IN ACCESS SHARE MODE
      """;

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

  /** The second look at the pages is taken only where some row disagrees. */
  private static final String COMPARE =
      """
      WITH zd_seen AS MATERIALIZED (
        SELECT count(*) AS zd_rows, count(*) FILTER (WHERE %(mismatch)) AS zd_differ
        FROM %(table) t WHERE t.ctid >= $1::text::tid AND t.ctid < $2::text::tid
      )
      SELECT w.zd_rows, w.zd_differ, x.zd_key, x.zd_old, x.zd_new
      FROM zd_seen w LEFT JOIN LATERAL (
        SELECT %text[t.{c}] AS zd_key, %(old)::text AS zd_old, %(new)::text AS zd_new
        FROM %(table) t
        WHERE w.zd_differ > 0 AND t.ctid >= $1::text::tid AND t.ctid < $2::text::tid
          AND %(mismatch)
        LIMIT $3::bigint) x ON true
      """;

  private final SqlConnection connection;

  private SnapshotSession(SqlConnection connection) {
    this.connection = connection;
  }

  /** Opens a session on the exported snapshot, or one that will take its own. */
  static Uni<SnapshotSession> open(Pool pool, Migration migration, Optional<String> snapshot) {
    String imported = snapshot.map(id -> " SET TRANSACTION SNAPSHOT '" + id + "';").orElse("");
    return pool.getConnection()
        .map(SnapshotSession::new)
        .chain(
            session ->
                session
                    .connection
                    .query(BEGIN.formatted(imported, migration.table()))
                    .execute()
                    .replaceWith(session)
                    .onFailure()
                    .call(session::close));
  }

  /** Claims the run and takes the snapshot. */
  Uni<Exported> export(Migration migration, Run run) {
    return connection
        .preparedQuery(EXPORT)
        .execute(Tuple.of(run.id(), migration.table()))
        .map(rows -> rows.iterator().next())
        .map(
            row ->
                new Exported(
                    row.getBoolean("claimed"),
                    row.getBoolean("working"),
                    row.getString("snapshot"),
                    row.getOffsetDateTime("taken_at"),
                    row.getLong("pages")));
  }

  /** Compares the rows of the pages from {@code from} to before {@code to}. */
  Uni<Found> compare(Migration migration, long from, long to, long keys) {
    return connection
        .preparedQuery(sql(migration))
        .execute(Tuple.of("(" + from + ",0)", "(" + to + ",0)", keys))
        .map(SnapshotSession::found);
  }

  /** The comparison of a range; parameters: its bounds as tid, and keys at most. */
  static String sql(Migration migration) {
    return KeySql.untyped(migration).fill(COMPARE);
  }

  private static Found found(RowSet<Row> rows) {
    Row counts = rows.iterator().next();
    List<Row> keys = new ArrayList<>();
    rows.forEach(keys::add);
    keys.removeIf(row -> row.getString("zd_key") == null);
    return new Found(
        counts.getLong("zd_rows"),
        counts.getLong("zd_differ"),
        column(keys, "zd_key"),
        column(keys, "zd_old"),
        column(keys, "zd_new"));
  }

  private static String[] column(List<Row> rows, String name) {
    return rows.stream().map(row -> row.getString(name)).toArray(String[]::new);
  }

  /** Keeps the server from ending the session as idle. */
  Uni<Void> ping() {
    return connection.query("SELECT 1").execute().replaceWithVoid();
  }

  /** Gives the snapshot, the claim and the connection back; never fails. */
  Uni<Void> close() {
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
   * @param pages of the table, not fewer than at the instant of the snapshot
   */
  record Exported(
      boolean claimed, boolean working, String snapshot, OffsetDateTime takenAt, long pages) {}

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
