package io.zerodowntime.migration.phase;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.PartitionTree;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * Waits for the writers of an earlier phase, as RCU waits for the readers of an old value (McKenney
 * and Slingwine, 1998): after a step has committed, the transactions that hold ROW EXCLUSIVE on the
 * table or a partition of it are listed once, and the epoch is drained when each of them has ended.
 * A statement takes that lock before its snapshot, so one whose snapshot is older than the step is
 * on the list. Only the reconciler waits.
 */
@ApplicationScoped
public class GracePeriod {
  /*
   * Runs in a transaction that began after the step's commit. The first run lists, later runs
   * narrow. A prepared transaction keeps its virtual transaction, without a pid; in older minor
   * releases, and after a restart of the server, it becomes -1/xid: as soon as a listed one has
   * gone, all prepared ones count as waited for. A statement that names a partition locks that one
   * and not the table, so each of them is looked at.
   */
  private static final String ADVANCE =
      "WITH RECURSIVE "
          + PartitionTree.of("$2::regclass")
          + """
      , holders AS MATERIALIZED (
        SELECT DISTINCT l.virtualtransaction AS vxid, l.pid
        FROM pg_locks l JOIN tree t ON t.relation = l.relation
        WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ), waiting AS (
        SELECT COALESCE(array_agg(h.vxid ORDER BY h.vxid), '{}') AS vxids
        FROM migration_state s JOIN holders h
          ON s.draining IS NULL
          OR h.vxid = ANY (s.draining)
          OR (h.pid IS NULL AND EXISTS (
            SELECT FROM unnest(s.draining) AS gone (vxid)
            WHERE gone.vxid NOT IN (SELECT vxid FROM holders)))
        WHERE s.name = $1
      )
      UPDATE migration_state s
      SET draining = w.vxids,
          drained_at = CASE WHEN w.vxids = '{}' THEN clock_timestamp() END
      FROM waiting w
      WHERE s.name = $1 AND s.epoch = $3 AND s.drained_at IS NULL
        AND (w.vxids = '{}' OR s.draining IS DISTINCT FROM w.vxids)
      RETURNING s.drained_at
      """;

  private static final String HOLDERS =
      """
      SELECT DISTINCT ON (l.virtualtransaction)
        l.virtualtransaction, l.pid, a.application_name, a.xact_start, a.query_start, p.gid,
        EXTRACT(epoch FROM clock_timestamp() - COALESCE(a.xact_start, p.prepared))::float8 AS age
      FROM migration_state s
      JOIN pg_locks l ON l.virtualtransaction = ANY (s.draining)
      LEFT JOIN pg_stat_activity a ON a.pid = l.pid
      LEFT JOIN pg_prepared_xacts p
        ON l.pid IS NULL AND EXISTS (
          SELECT FROM pg_locks x
          WHERE x.virtualtransaction = l.virtualtransaction AND x.pid IS NULL
            AND x.locktype = 'transactionid' AND x.transactionid = p.transaction)
      WHERE s.name = $1 AND s.drained_at IS NULL AND l.locktype <> 'virtualxid'
      ORDER BY l.virtualtransaction
      """;

  private static Holder holder(Row row) {
    return new Holder(
        row.getString("virtualtransaction"),
        Optional.ofNullable(row.getInteger("pid")),
        Optional.ofNullable(row.getString("application_name")),
        Optional.ofNullable(row.getString("gid")),
        row.getDouble("age") == null ? 0 : row.getDouble("age"),
        Optional.ofNullable(row.getOffsetDateTime("query_start")));
  }

  /**
   * Lists or narrows; to be called again until it answers.
   *
   * @param client a transaction or connection that saw {@code state} committed
   * @return how long the grace period lasted, once it is over
   */
  Uni<Optional<Duration>> advance(SqlClient client, Migration migration, MigrationState state) {
    return client
        .preparedQuery(ADVANCE)
        .execute(Tuple.of(state.name(), migration.table(), state.epoch()))
        .map(
            rows ->
                rows.stream()
                    .map(row -> Optional.ofNullable(row.getOffsetDateTime("drained_at")))
                    .flatMap(Optional::stream)
                    .findFirst()
                    .map(drained -> Duration.between(state.changedAt(), drained)));
  }

  /** Who is still waited for; empty when the epoch is drained or not yet listed. */
  public Uni<List<Holder>> holders(SqlClient client, Migration migration) {
    return client
        .preparedQuery(HOLDERS)
        .execute(Tuple.of(migration.name()))
        .map(rows -> rows.stream().map(GracePeriod::holder).toList());
  }

  /**
   * A transaction that the grace period waits for.
   *
   * @param pid the backend to look at, and only an operator may end; empty for a prepared one
   * @param preparedAs the global identifier of a prepared transaction
   * @param ageSeconds since it began, or was prepared
   */
  @RegisterForReflection
  public record Holder(
      String virtualTransaction,
      Optional<Integer> pid,
      Optional<String> applicationName,
      Optional<String> preparedAs,
      double ageSeconds,
      Optional<OffsetDateTime> queryStart) {}
}
