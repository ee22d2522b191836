package io.zerodowntime.migration.schema;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Locale;
import java.util.Optional;

/** Shows how far the build of an index is. Sees builds of its own role, or all by pg_monitor. */
@ApplicationScoped
public class IndexBuilds {
  /** Blocks of the table are scanned first, tuples are loaded afterwards. */
  private static final String BUILD =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """

      SELECT i.relname AS index, p.pid, p.phase,
        (CASE WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total
          WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total END)::int AS percent,
        NULLIF(p.current_locker_pid, 0)::int AS waits_for,
        extract(epoch FROM clock_timestamp() - a.query_start)::bigint AS seconds
      FROM pg_stat_progress_create_index p JOIN pg_stat_activity a ON a.pid = p.pid
        LEFT JOIN pg_class i ON i.oid = p.index_relid
      WHERE p.datname = current_database() AND p.relid IN (SELECT relation FROM tree)
      ORDER BY p.pid LIMIT 1
      """;

  private final Pool pool;

  IndexBuilds(Pool pool) {
    this.pool = pool;
  }

  private static IndexBuild build(Row row) {
    return new IndexBuild(
        Optional.ofNullable(row.getString("index")),
        row.getInteger("pid"),
        row.getString("phase"),
        Optional.ofNullable(row.getInteger("percent")),
        Optional.ofNullable(row.getInteger("waits_for")),
        row.getLong("seconds"));
  }

  /**
   * The build on the migration's table or a partition of it now; empty if there is none, or it is
   * hidden.
   */
  public Uni<Optional<IndexBuild>> of(Migration migration) {
    return pool.preparedQuery(BUILD)
        .execute(Tuple.of(migration.table()))
        .map(rows -> rows.stream().map(IndexBuilds::build).findFirst());
  }

  /**
   * A build of an index, as {@code pg_stat_progress_create_index} shows it.
   *
   * @param index empty until the server has created it
   * @param pid of the session that builds
   * @param phase in the server's words
   * @param percent of this phase; empty where the server counts nothing
   * @param waitsForPid the session whose transaction must end first; empty if it waits for none
   * @param seconds since the statement began
   */
  @RegisterForReflection
  public record IndexBuild(
      Optional<String> index,
      int pid,
      String phase,
      Optional<Integer> percent,
      Optional<Integer> waitsForPid,
      long seconds) {

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s is being built for %d s by pid %d: %s%s%s",
          index.orElse("an index"),
          seconds,
          pid,
          phase,
          percent.map(done -> ", " + done + " %").orElse(""),
          waitsForPid.map(other -> ", waits for the transaction of pid " + other).orElse(""));
    }
  }
}
