package io.zerodowntime.migration.phase;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicatedHeartbeat;
import io.zerodowntime.migration.Fleet;
import io.zerodowntime.migration.FleetSource;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Phase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** The instances that serve, each with what it asks for; the database's clock says who is alive. */
@ApplicationScoped
public class Instances implements FleetSource, ReplicatedHeartbeat {
  /**
   * Its commit does not wait for the disk: a crash of the server ends every heartbeat anyway. Rows
   * are locked in the order of the names, as {@link #WITHDRAW} locks them.
   */
  private static final String PUBLISH =
      """
      INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)
      SELECT s.name, $2, COALESCE(asked.phase, s.phase), $4, $5
      FROM unnest($1::text[], $3::smallint[]) AS asked (name, phase)
      JOIN migration_state s ON s.name = asked.name
      WHERE set_config('synchronous_commit', 'off', true) = 'off'
      ORDER BY s.name
      ON CONFLICT (migration, instance) DO UPDATE
      SET requested_phase = excluded.requested_phase, heartbeat_at = now()
      RETURNING migration, (SELECT s.drained_at IS NULL OR s.phase <> requested_phase
        FROM migration_state s WHERE s.name = migration) AS unsettled
      """;

  private static final String WITHDRAW =
      """
      DELETE FROM migration_instance WHERE instance = $1 AND migration IN (
        SELECT migration FROM migration_instance WHERE instance = $1
        ORDER BY migration FOR UPDATE)
      """;

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
   * Publishes a heartbeat for several migrations in one statement; without a request it asks for
   * the phase in force. A migration that is not registered has none.
   *
   * @return those for which there can be something to reconcile: the epoch is not drained, or this
   *     instance asks for another phase; without its wish the fleet takes no step
   */
  Uni<List<Migration>> publish(Map<Migration, Optional<Phase>> requested) {
    List<Migration> migrations = List.copyOf(requested.keySet());
    return pool.preparedQuery(PUBLISH)
        .execute(
            Tuple.tuple()
                .addValue(migrations.stream().map(Migration::name).toArray(String[]::new))
                .addValue(self)
                .addValue(
                    migrations.stream()
                        .map(requested::get)
                        .map(Instances::number)
                        .toArray(Short[]::new))
                .addValue(Phase.CONTRACT.number())
                .addValue(version))
        .map(Instances::unsettled)
        .map(names -> migrations.stream().filter(each -> names.contains(each.name())).toList());
  }

  private static @Nullable Short number(Optional<Phase> phase) {
    return phase.map(each -> (short) each.number()).orElse(null);
  }

  private static Set<String> unsettled(RowSet<Row> rows) {
    return rows.stream()
        .filter(row -> row.getBoolean("unsettled"))
        .map(row -> row.getString("migration"))
        .collect(Collectors.toSet());
  }

  /** Takes this instance out of the fleet at once, as a graceful stop does. */
  Uni<Void> withdraw() {
    return pool.preparedQuery(WITHDRAW).execute(Tuple.of(self)).replaceWithVoid();
  }

  /** Deletes what instances left behind that died an hour ago or earlier. */
  Uni<Void> forgetDead() {
    return pool.preparedQuery(FORGET).execute().replaceWithVoid();
  }

  /** On a replica its age tells how far that one is behind. */
  @Override
  public String newest() {
    return "SELECT max(heartbeat_at) FROM migration_instance";
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
