package io.zerodowntime.migration.rest;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.StateSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * Ready while the database answers and knows every migration, by tables of this version. A closed
 * gate, a lasting grace period or a mismatch is no reason to take traffic away.
 */
@Readiness
@Startup
@ApplicationScoped
public class SchemaReadiness implements AsyncHealthCheck {
  /** What the newest addition to the engine's tables brought: without it, no gate can be asked. */
  private static final String NEWEST = "SELECT FROM parity_shadow_instance LIMIT 0";

  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Pool pool;
  private final Migrations migrations;
  private final StateSource states;

  SchemaReadiness(Pool pool, Migrations migrations, StateSource states) {
    this.pool = pool;
    this.migrations = migrations;
    this.states = states;
  }

  @Override
  public Uni<HealthCheckResponse> call() {
    return Multi.createFrom()
        .iterable(migrations.all())
        .onItem()
        .transformToUniAndConcatenate(migration -> states.state(pool, migration))
        .collect()
        .asList()
        .chain(() -> pool.preparedQuery(NEWEST).execute())
        .map(known -> HealthCheckResponse.up("database"))
        .ifNoItem()
        .after(PATIENCE)
        .fail()
        .onFailure()
        .recoverWithItem(
            HealthCheckResponse.named("database")
                .down()
                .withData("remedy", "look at the database; a new one needs the command: expand")
                .build());
  }
}
