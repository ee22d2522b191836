package io.zerodowntime.migration.backfill.indicator;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.PartitionTree;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one statement says of the database, from what every role may read: no {@code pg_monitor} is
 * needed, but for the lag of standbys. It reads locks, sessions and statistics of the server, and
 * no row of any table.
 *
 * @param lockWaits sessions of this database that wait for a lock
 * @param hiddenStandbys standbys whose lag this role may not read
 * @param standbyLag seconds that the last one is behind; 0 without standbys
 * @param wal bytes of WAL since the server was created
 * @param checkpointBytes after so many a checkpoint begins, whatever the time
 * @param checkpointWarning checkpoints that WAL forces should be further apart, in seconds
 * @param oldest the oldest transaction id that vacuum must heed; empty if there is none
 * @param oldestSeconds how long the oldest transaction lasts, of those whose begin may be read
 * @param tables by their names
 */
public record DatabaseReading(
    long lockWaits,
    long hiddenStandbys,
    double standbyLag,
    long wal,
    double checkpointBytes,
    double checkpointWarning,
    Optional<String> oldest,
    double oldestSeconds,
    Map<String, TableReading> tables) {

  /*
   * Vacuum and concurrent index builds have snapshots that no vacuum heeds: sessions with their
   * lock do not count as old. max_wal_size / (1 + checkpoint_completion_target) is where PostgreSQL
   * begins a checkpoint (CalculateCheckpointSegments).
   */
  static final String SQL =
      """
      WITH locks AS MATERIALIZED (
        SELECT pid, locktype, database, relation, mode, granted FROM pg_locks
      ), sessions AS MATERIALIZED (
        SELECT pid, datname, xact_start AS since, backend_xid AS xid, backend_xmin AS seen
        FROM pg_stat_activity WHERE pid <> pg_backend_pid()
      ), holders AS (
        SELECT * FROM sessions s WHERE NOT EXISTS (SELECT FROM locks l
          WHERE l.pid = s.pid AND l.granted AND l.mode = 'ShareUpdateExclusiveLock')
      ), transactions AS (
        SELECT since, xid AS id FROM holders WHERE datname = current_database()
        UNION ALL SELECT since, seen FROM holders
          WHERE datname = current_database() OR datname IS NULL
        UNION ALL SELECT prepared, transaction FROM pg_prepared_xacts
          WHERE database = current_database()
        UNION ALL SELECT NULL, xmin FROM pg_replication_slots
      ), standbys AS (
        SELECT count(*) FILTER (WHERE state IS NULL) AS hidden,
          COALESCE(max(EXTRACT(epoch FROM replay_lag)), 0)::float8 AS lag
        FROM pg_stat_replication
      )
      SELECT t.name,
        (SELECT count(DISTINCT l.pid) FROM locks l JOIN sessions s USING (pid)
          WHERE NOT l.granted AND s.datname = current_database()) AS lock_waits,
        standbys.hidden, standbys.lag,
        (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS wal,
        pg_size_bytes(current_setting('max_wal_size'))
          / (1 + current_setting('checkpoint_completion_target')::float8) AS checkpoint_bytes,
        EXTRACT(epoch FROM current_setting('checkpoint_warning')::interval)::float8
          AS checkpoint_warning,
        (SELECT id::text FROM transactions WHERE id IS NOT NULL ORDER BY age(id) DESC LIMIT 1)
          AS oldest,
        COALESCE((SELECT EXTRACT(epoch FROM max(clock_timestamp() - since))
          FROM transactions WHERE id IS NOT NULL), 0)::float8 AS oldest_seconds,
        (SELECT min(l.pid) FROM locks l
          WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.relation = o.id OR EXISTS (SELECT FROM pg_partition_ancestors(l.relation) p
              WHERE p.relid::oid = o.id))) AS maintained_by,
        dead.rows AS dead_rows, dead.vacuumed_from
      FROM unnest($1::text[]) AS t (name)
        CROSS JOIN standbys
        CROSS JOIN LATERAL (SELECT to_regclass(t.name)::oid AS id) AS o
        CROSS JOIN LATERAL (
          WITH RECURSIVE\s"""
          + PartitionTree.of("o.id")
          + """

          SELECT CASE WHEN current_setting('track_counts')::boolean
              THEN sum(pg_stat_get_dead_tuples(c.oid))::bigint END AS rows,
            COALESCE(sum(
              COALESCE(own.threshold, current_setting('autovacuum_vacuum_threshold')::float8)
              + COALESCE(own.scale, current_setting('autovacuum_vacuum_scale_factor')::float8)
                * GREATEST(c.reltuples, 0)), 0)::float8 AS vacuumed_from
          FROM tree JOIN pg_class c ON c.oid = tree.relation AND c.relkind = 'r'
            CROSS JOIN LATERAL (
              SELECT max(option_value::float8)
                  FILTER (WHERE option_name = 'autovacuum_vacuum_threshold') AS threshold,
                max(option_value::float8)
                  FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor') AS scale
              FROM pg_options_to_table(c.reloptions)
              WHERE option_name IN ('autovacuum_vacuum_threshold',
                'autovacuum_vacuum_scale_factor')) AS own) AS dead
      """;

  /**
   * Asks the database.
   *
   * @param tables as SQL reads their names, at least one
   * @param limit when it fails at the latest, a wait for a connection included
   */
  public static Uni<DatabaseReading> of(SqlClient client, List<String> tables, Duration limit) {
    return client
        .preparedQuery(SQL)
        .execute(Tuple.tuple().addArrayOfString(tables.toArray(String[]::new)))
        .ifNoItem()
        .after(limit)
        .fail()
        .map(DatabaseReading::of);
  }

  private static DatabaseReading of(RowSet<Row> rows) {
    Map<String, TableReading> tables = new HashMap<>();
    for (Row row : rows) {
      tables.put(
          row.getString("name"),
          new TableReading(
              row.getString("name"),
              Optional.ofNullable(row.getInteger("maintained_by")),
              Optional.ofNullable(row.getLong("dead_rows")),
              row.getDouble("vacuumed_from")));
    }
    Row first = rows.iterator().next();
    return new DatabaseReading(
        first.getLong("lock_waits"),
        first.getLong("hidden"),
        first.getDouble("lag"),
        first.getLong("wal"),
        first.getDouble("checkpoint_bytes"),
        first.getDouble("checkpoint_warning"),
        Optional.ofNullable(first.getString("oldest")),
        first.getDouble("oldest_seconds"),
        tables);
  }
}
