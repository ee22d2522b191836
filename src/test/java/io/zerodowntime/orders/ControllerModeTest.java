package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.EngineResource;
import io.zerodowntime.testing.PostgresResource;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With definitions of other tables only, there is neither an API of orders nor its tables. */
@QuarkusTest
@TestProfile(ControllerModeTest.Customers.class)
class ControllerModeTest {
  private static final String EXAMPLE = "examples/customers/";

  @Inject Engine engine;
  @Inject EngineDatabase database;

  @BeforeEach
  void expand() throws IOException {
    if (database.one("SELECT to_regclass('customers') IS NULL").equals("t")) {
      database.run(Files.readString(Path.of(EXAMPLE + "table.sql")));
      engine.on("customer-name").apply(SchemaStage.EXPAND);
    }
  }

  @Test
  void createsNothingOfOrders() {
    assertThat(database.one("SELECT to_regclass('migration_state') IS NOT NULL")).isEqualTo("t");
    assertThat(database.one("SELECT to_regclass('orders') IS NULL")).isEqualTo("t");
    assertThat(database.one("SELECT to_regclass('idempotency_key') IS NULL")).isEqualTo("t");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /orders",
    "POST, /orders",
    "GET, /orders/1",
    "PATCH, /orders/1",
    "OPTIONS, /orders",
    "GET, /orders/1/shadow",
    "DELETE, /orders"
  })
  void answersNotFound(String method, String path) {
    given()
        .contentType(ContentType.JSON)
        .body("{\"userId\":1,\"amount\":1}")
        .request(method, path)
        .then()
        .statusCode(404)
        .contentType("application/problem+json")
        .body("status", equalTo(404));
  }

  @Test
  void describesTheMigrationsOnly() {
    JsonObject api = new JsonObject(given().get("/q/openapi?format=json").asString());
    assertThat(api.getJsonObject("paths").fieldNames())
        .contains("/health", "/migrations", "/migrations/{name}/backfill")
        .noneMatch(path -> path.startsWith("/orders"));
    assertThat(api.getJsonObject("components").getJsonObject("schemas").fieldNames())
        .contains("Problem", "MigrationStatus")
        .doesNotContain("Order", "NewOrder", "StatusChange", "ShadowComparison", "Page");
  }

  @Test
  void servesTheMigrations() {
    given()
        .auth()
        .preemptive()
        .basic("viewer", PostgresResource.VIEWER_PASSWORD)
        .get("/migrations/customer-name")
        .then()
        .statusCode(200)
        .body("table", equalTo("customers"));
  }

  /** No code of this program reads customers, so none can compare both columns. */
  @Test
  void waitsForNoComparedReads() {
    database.phase(2);
    try {
      Verdict gate = engine.on("customer-name").gates().get("shadow-clean");
      assertThat(gate.open()).isTrue();
      assertThat(gate.reason()).contains("no code of this program compares reads");
    } finally {
      database.phase(0);
    }
  }

  /** The definitions of an example, and its changelog files. */
  public static class Customers extends EngineProfile {
    public Customers() {
      super(
          "migration.soak", "24h",
          "migration.file", EXAMPLE + "migrations.yaml",
          "migration.changelog-dir", EXAMPLE + "changelog");
    }

    @Override
    public List<TestResourceEntry> testResources() {
      return List.of(new TestResourceEntry(EngineResource.class, EngineResource.EMPTY));
    }
  }
}
