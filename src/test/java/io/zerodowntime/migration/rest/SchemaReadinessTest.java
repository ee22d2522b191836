package io.zerodowntime.migration.rest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.phase.DatabaseReachability;
import io.zerodowntime.migration.status.History;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that readiness asks for the schema once, and for no gate. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SchemaReadinessTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Pool pool;
  @Inject Migrations migrations;
  @Inject StateSource states;
  @Inject BackfillStore runs;
  @Inject History history;
  @Inject DatabaseReachability reachability;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
  }

  @Test
  void staysReadyBehindAClosedGate() {
    engine.ask(2);
    assertThat(engine.gates().get("backfill-complete").open()).isFalse();
    for (String path : List.of("", "/live", "/ready", "/started")) {
      Response health = given().get("/q/health" + path);
      assertThat(health.statusCode()).as(path + health.asString()).isEqualTo(200);
      assertThat(health.jsonPath().getString("status")).isEqualTo("UP");
    }
    assertThat(given().get("/health").asString()).isEqualTo("{\"status\":\"ok\"}");
  }

  @Test
  void isReadyOnceTheSchemaWasSeen() {
    SchemaReadiness readiness = readiness();
    withoutSchema(
        () -> {
          HealthCheckResponse before = Engine.await(readiness.call());
          assertThat(before.getStatus()).isEqualTo(Status.DOWN);
          assertThat(before.getData().orElseThrow()).containsKey("remedy");
        });
    assertThat(Engine.await(readiness.call()).getStatus()).isEqualTo(Status.UP);
    withoutSchema(
        () -> {
          HealthCheckResponse after = Engine.await(readiness.call());
          assertThat(after.getStatus()).isEqualTo(Status.UP);
          assertThat(after.getData().orElseThrow()).containsKey("database");
        });
  }

  private void withoutSchema(Runnable check) {
    database.run("ALTER TABLE migration_state RENAME TO elsewhere");
    try {
      check.run();
    } finally {
      database.run("ALTER TABLE elsewhere RENAME TO migration_state");
    }
  }

  /** As it is before the changesets of a new version were applied. */
  @ParameterizedTest
  @CsvSource({"backfill_run, snapshot", "migration_history, subject"})
  void isNotReadyWithTheTablesOfAnEarlierVersion(String table, String column) {
    String rename = "ALTER TABLE %s RENAME COLUMN %s TO %s";
    database.run(rename.formatted(table, column, "elsewhere"));
    try {
      assertThat(Engine.await(readiness().call()).getStatus()).isEqualTo(Status.DOWN);
    } finally {
      database.run(rename.formatted(table, "elsewhere", column));
    }
    assertThat(Engine.await(readiness().call()).getStatus()).isEqualTo(Status.UP);
  }

  private SchemaReadiness readiness() {
    return new SchemaReadiness(pool, migrations, states, runs, history, reachability);
  }
}
