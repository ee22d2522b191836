package io.zerodowntime.migration.phase;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Fleet;
import io.zerodowntime.migration.FleetSource;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Phase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The instances that serve, each with what it asks for; the database's clock says who is alive. */
@ApplicationScoped
public class Instances implements FleetSource {
  /** Its commit does not wait for the disk: a crash of the server ends every heartbeat anyway. */
  private static final String PUBLISH =
      """
      INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)
      SELECT name, $2, COALESCE($3, phase), $4, $5 FROM migration_state
      WHERE name = $1 AND set_config('synchronous_commit', 'off', true) = 'off'
      ON CONFLICT (migration, instance) DO UPDATE
      SET requested_phase = excluded.requested_phase, heartbeat_at = now()
      RETURNING (SELECT s.drained_at IS NULL OR s.phase <> requested_phase
        FROM migration_state s WHERE s.name = migration) AS unsettled
      """;

  private static final String WITHDRAW = "DELETE FROM migration_instance WHERE instance = $1";

  private static final String FORGET =
      "DELETE FROM migration_instance WHERE heartbeat_at < now() - interval '1 hour'";

  private static final String LIVE =
      """
      SELECT instance, requested_phase, writes_up_to, version, started_at, heartbeat_at
      FROM migration_instance
      WHERE migration = $1 AND heartbeat_at > now() - make_interval(secs => $2)
      ORDER BY instance
      """;

  private final Pool pool;
  private final MigrationConfig config;
  private final String version;
  private final String self;

  Instances(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      MigrationConfig config,
      @ConfigProperty(name = "quarkus.application.version") String version,
      @ConfigProperty(name = "HOSTNAME") Optional<String> host) {
    this.pool = pool;
    this.config = config;
    this.version = version;
    this.self = host.orElse("instance") + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /**
   * Refuses to start where a heartbeat would come too late to count.
   *
   * @throws ConfigurationException if the interval is not below the timeout
   */
  void check(@Observes StartupEvent event) {
    if (config.heartbeatInterval().compareTo(config.instanceTimeout()) >= 0) {
      throw new ConfigurationException(
          "HEARTBEAT_INTERVAL is %d ms: it must be below MIGRATION_INSTANCE_TIMEOUT (%d ms)"
              .formatted(
                  config.heartbeatInterval().toMillis(), config.instanceTimeout().toMillis()));
    }
  }

  private static LiveInstance instance(Row row) {
    return new LiveInstance(
        row.getString("instance"),
        Phase.of(row.getInteger("requested_phase")),
        Phase.of(row.getInteger("writes_up_to")),
        row.getString("version"),
        row.getOffsetDateTime("started_at"),
        row.getOffsetDateTime("heartbeat_at"));
  }

  /** How this instance signs: the host's (or pod's) name and a random part. */
  @Override
  public String self() {
    return self;
  }

  /**
   * Publishes a heartbeat; without a request it asks for the phase in force.
   *
   * @return whether there can be something to reconcile: the epoch is not drained, or this instance
   *     asks for another phase; without its wish the fleet takes no step
   */
  Uni<Boolean> publish(Migration migration, Optional<Phase> requested) {
    return pool.preparedQuery(PUBLISH)
        .execute(
            Tuple.tuple()
                .addValue(migration.name())
                .addValue(self)
                .addValue(requested.map(Phase::number).orElse(null))
                .addValue(Phase.CONTRACT.number())
                .addValue(version))
        .map(rows -> rows.size() == 1 && rows.iterator().next().getBoolean("unsettled"));
  }

  /** Takes this instance out of the fleet at once, as a graceful stop does. */
  Uni<Void> withdraw() {
    return pool.preparedQuery(WITHDRAW).execute(Tuple.of(self)).replaceWithVoid();
  }

  /** Deletes what instances left behind that died an hour ago or earlier. */
  Uni<Void> forgetDead() {
    return pool.preparedQuery(FORGET).execute().replaceWithVoid();
  }

  @Override
  public Uni<Fleet> fleet(SqlClient client, Migration migration) {
    return live(client, migration).map(Fleet::new);
  }

  /** The instances with a fresh heartbeat, ordered by name. */
  public Uni<List<LiveInstance>> live(SqlClient client, Migration migration) {
    return client
        .preparedQuery(LIVE)
        .execute(Tuple.of(migration.name(), config.instanceTimeout().toMillis() / 1000.0))
        .map(rows -> rows.stream().map(Instances::instance).toList());
  }
}
