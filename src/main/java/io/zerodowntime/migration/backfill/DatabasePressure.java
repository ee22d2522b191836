package io.zerodowntime.migration.backfill;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.db.ReplicaReadings;
import io.zerodowntime.migration.MigrationConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether the database has better things to do than a backfill. */
@ApplicationScoped
class DatabasePressure {
  private static final String PRESSURE =
      """
      SELECT
        (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND pid <> pg_backend_pid()) AS lock_waits,
        count(*) FILTER (WHERE state IS NULL) AS unreadable,
        COALESCE(max(EXTRACT(epoch FROM replay_lag)), 0)::float8 AS replica_lag
      FROM pg_stat_replication
      """;

  static final Duration INTERVAL = Duration.ofSeconds(1);

  private final Pool pool;
  private final ReplicaReadings replicas;
  private final MigrationConfig.Backfill config;
  private volatile @Nullable Uni<Optional<String>> latest;
  private volatile long readAt;

  DatabasePressure(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      ReplicaReadings replicas,
      MigrationConfig config) {
    this.pool = pool;
    this.replicas = replicas;
    this.config = config.backfill();
  }

  private Optional<String> reason(Row row) {
    if (row.getLong("unreadable") > 0) {
      return Optional.of("replica_lag_unreadable");
    }
    if (row.getDouble("replica_lag") > config.maxReplicaLag().toMillis() / 1000.0) {
      return Optional.of("replica_lag");
    }
    return row.getLong("lock_waits") > config.maxLockWaits()
        ? Optional.of("lock_waits")
        : Optional.empty();
  }

  /** The replicas that reads go to; one that cannot be read pauses, as one that is behind does. */
  private Optional<String> reason(List<ReplicaReading> named) {
    if (named.stream().anyMatch(each -> each.problem().isPresent() || each.lag().isEmpty())) {
      return Optional.of("replica_lag_unreadable");
    }
    return named.stream()
        .flatMap(each -> each.lag().stream())
        .filter(lag -> lag.compareTo(config.maxReplicaLag()) > 0)
        .findAny()
        .map(lag -> "replica_lag");
  }

  /**
   * Why workers should wait now; empty if they need not. Read at most once a {@link #INTERVAL}; a
   * failure to read counts as a reason.
   */
  Uni<Optional<String>> reason() {
    Uni<Optional<String>> known = latest;
    if (known != null && System.nanoTime() - readAt < INTERVAL.toNanos()) {
      return known;
    }
    readAt = System.nanoTime();
    latest =
        pool.query(PRESSURE)
            .execute()
            .map(rows -> reason(rows.iterator().next()))
            .chain(
                found ->
                    found.isPresent()
                        ? Uni.createFrom().item(found)
                        : replicas.readings().map(this::reason))
            .onFailure()
            .recoverWithItem(Optional.of("unreadable"))
            .memoize()
            .indefinitely();
    return latest;
  }
}
