package io.zerodowntime.migration.rest;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.Gatekeeper;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.StateSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * Ready while the database answers and knows every migration. A closed gate, a lasting grace period
 * or a mismatch is no reason to take traffic away.
 */
@Readiness
@Startup
@ApplicationScoped
public class SchemaReadiness implements AsyncHealthCheck {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Pool pool;
  private final Migrations migrations;
  private final StateSource states;
  private final Gatekeeper gates;

  SchemaReadiness(Pool pool, Migrations migrations, StateSource states, Gatekeeper gates) {
    this.pool = pool;
    this.migrations = migrations;
    this.states = states;
    this.gates = gates;
  }

  /** The evidence is read too: it needs what later changesets added to the engine's tables. */
  private Uni<Evidence> known(Migration migration) {
    return states.state(pool, migration).chain(state -> gates.evidence(pool, migration, state));
  }

  @Override
  public Uni<HealthCheckResponse> call() {
    return Multi.createFrom()
        .iterable(migrations.all())
        .onItem()
        .transformToUniAndConcatenate(this::known)
        .collect()
        .asList()
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
