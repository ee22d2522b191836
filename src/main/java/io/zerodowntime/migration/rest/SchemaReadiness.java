package io.zerodowntime.migration.rest;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.phase.DatabaseReachability;
import io.zerodowntime.migration.status.History;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * Ready once the database has been seen to know every migration, in tables that this version can
 * read. A database that is away afterwards is shown, but does not take traffic away: all instances
 * share it, and a service without an instance refuses connections where each instance would say
 * what is wrong. Neither does a closed gate, a lasting grace period or a mismatch.
 */
@Readiness
@Startup
@ApplicationScoped
public class SchemaReadiness implements AsyncHealthCheck {
  private static final String NAME = "schema";
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Pool pool;
  private final Migrations migrations;
  private final StateSource states;
  private final BackfillStore runs;
  private final History history;
  private final DatabaseReachability database;
  private volatile boolean seen;

  SchemaReadiness(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      Migrations migrations,
      StateSource states,
      BackfillStore runs,
      History history,
      DatabaseReachability database) {
    this.pool = pool;
    this.migrations = migrations;
    this.states = states;
    this.runs = runs;
    this.history = history;
    this.database = database;
  }

  @Override
  public Uni<HealthCheckResponse> call() {
    return seen ? Uni.createFrom().item(this::up) : checkDatabase();
  }

  private HealthCheckResponse up() {
    String shown = database.awaySince().map(since -> "away since " + since).orElse("reachable");
    return HealthCheckResponse.named(NAME).up().withData("database", shown).build();
  }

  private Uni<HealthCheckResponse> checkDatabase() {
    return Sequential.map(
            migrations.all(),
            migration -> states.state(pool, migration).chain(() -> runs.runs(migration, 1)))
        .call(history::check)
        .invoke(known -> seen = true)
        .map(known -> up())
        .ifNoItem()
        .after(TIMEOUT)
        .fail()
        .onFailure()
        .recoverWithItem(
            HealthCheckResponse.named(NAME)
                .down()
                .withData("remedy", "look at the database; a new one needs the command: expand")
                .build());
  }
}
