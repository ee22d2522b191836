package io.zerodowntime.migration.rest;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Api.MIGRATION;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Scanner;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that operators see where a migration stands, and can control its runs. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MigrationApiTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @TestHTTPResource("/migrations/orders-status/events")
  URI events;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, ''",
    "GET, /history",
    "GET, /events",
    "POST, /backfill",
    "PATCH, /backfill",
    "POST, /backfill/pause",
    "POST, /backfill/resume",
    "POST, /backfill/cancel",
    "POST, /parity",
    "POST, /parity/repair",
    "POST, /contract"
  })
  void knowsItsOperators(String method, String path) {
    Response unknown = Api.json("{}").request(method, MIGRATION + path);
    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(unknown.header("WWW-Authenticate")).startsWith("Basic");
    assertThat(given().auth().preemptive().basic("operator", "wrong").get(MIGRATION).statusCode())
        .isEqualTo(401);
    if (!method.equals("GET")) {
      Response viewer =
          Api.viewer().contentType("application/json").body("{}").request(method, MIGRATION + path);
      assertThat(viewer.statusCode()).isEqualTo(403);
      assertThat(viewer.contentType()).isEqualTo("application/problem+json");
      Response operator =
          Api.operator()
              .contentType("application/json")
              .body("{}")
              .request(method, MIGRATION + path);
      assertThat(operator.statusCode()).as(operator.asString()).isEqualTo(409);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/history", "/events"})
  void answers404ForAnUnknownMigration(String path) {
    Response unknown = Api.viewer().get("/migrations/no-such" + path);
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(unknown.jsonPath().getString("type")).isEqualTo("urn:problem:no-such-migration");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/backfill", "/backfill/pause", "/parity", "/parity/repair", "/contract"})
  void answers404ForCommandsToAnUnknownMigration(String path) {
    assertThat(
            Api.operator()
                .contentType("application/json")
                .post("/migrations/no-such" + path)
                .statusCode())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "nonsense",
        "{\"batchSize\":0}",
        "{\"batchSize\":100001}",
        "{\"batchSize\":-1}",
        "{\"delayMillis\":-1}",
        "{\"delayMillis\":60001}",
        "{\"targetLoad\":0}",
        "{\"targetLoad\":1.01}",
        "{\"batchSize\":\"many\"}",
        "{\"batchSize\":99999999999}"
      })
  void answers400ToLimitsOutOfBoundsAndMalformedBodies(String body) {
    database.phase(1);
    for (String method : List.of("POST", "PATCH")) {
      Response refused =
          Api.operator()
              .contentType("application/json")
              .body(body)
              .request(method, MIGRATION + "/backfill");
      assertThat(refused.statusCode()).as(method + " " + refused.asString()).isEqualTo(400);
      assertThat(refused.contentType()).isEqualTo("application/problem+json");
    }
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isZero();
  }

  @Test
  void showsWhereAMigrationStands() {
    database.orders(10);
    JsonPath status = Api.status().jsonPath();

    assertThat(status.getString("name")).isEqualTo("orders-status");
    assertThat(status.getString("table")).isEqualTo("orders");
    assertThat(status.getList("oldColumns")).isEqualTo(List.of("old_status"));
    assertThat(status.getList("newColumns")).isEqualTo(List.of("status"));
    assertThat(status.getInt("requested.phase")).isZero();
    assertThat(status.getString("effective.name")).isEqualTo("expand");
    assertThat(status.getBoolean("drained")).isTrue();
    assertThat(status.getList("gracePeriod")).isEmpty();
    assertThat(status.getString("nextStep")).isEqualTo("0 -> 1");
    assertThat(status.getList("gates.gate"))
        .containsExactly("definition", "new-column", "unique-key", "instances-dual-write");
    assertThat(status.getList("gates.open")).containsOnly(true);
    assertThat(status.getList("instances")).hasSize(1);
    assertThat(status.getInt("instances[0].writesUpTo.phase")).isEqualTo(3);
    assertThat(status.<Object>get("backfill")).isNull();
    assertThat(status.getInt("shadow.matches")).isZero();
    assertThat(Api.viewer().get("/migrations").jsonPath().getList("name"))
        .containsExactly("orders-status");
  }

  @Test
  void startsPausesLimitsAndCancelsABackfill() {
    database.orders(10);
    database.phase(1);

    Response begun =
        Api.operator()
            .contentType("application/json")
            .body("{\"batchSize\":5,\"delayMillis\":0,\"targetLoad\":1}")
            .post(MIGRATION + "/backfill");
    assertThat(begun.statusCode()).isEqualTo(202);
    assertThat(begun.jsonPath().getString("kind")).isEqualTo("forward");
    assertThat(begun.jsonPath().getInt("batchSize")).isEqualTo(5);

    assertThat(Api.command("/backfill/resume").statusCode()).as("not paused").isEqualTo(409);
    assertThat(Api.command("/backfill/pause").statusCode()).isEqualTo(202);
    assertThat(Api.command("/backfill/pause").statusCode()).as("paused").isEqualTo(409);
    assertThat(engine.work(engine.lastRun(), 1).scanned()).isZero();
    assertThat(
            Api.operator()
                .contentType("application/json")
                .body("{\"batchSize\":3}")
                .patch(MIGRATION + "/backfill")
                .statusCode())
        .isEqualTo(202);
    assertThat(Api.command("/backfill/resume").statusCode()).isEqualTo(202);
    JsonPath status = Api.status().jsonPath();
    assertThat(status.getString("backfill.state")).isEqualTo("running");
    assertThat(status.getInt("backfill.batchSize")).isEqualTo(3);
    assertThat(status.getFloat("backfill.targetLoad")).isEqualTo(1);

    assertThat(Api.command("/backfill/cancel").statusCode()).isEqualTo(202);
    assertThat(Api.command("/backfill/cancel").statusCode()).isEqualTo(409);
    assertThat(engine.work(engine.lastRun(), 1).scanned()).isZero();
    assertThat(Api.command("/backfill").statusCode()).isEqualTo(202);
  }

  @Test
  void showsTheHistoryWithItsEvidenceAsJson() {
    engine.walkTo(2);
    JsonPath history = Api.viewer().get(MIGRATION + "/history").jsonPath();

    assertThat(history.getList("kind")).containsExactly("step", "step");
    assertThat(history.getList("fromPhase")).containsExactly(1, 0);
    assertThat(history.getList("toPhase")).containsExactly(2, 1);
    assertThat(history.getList("epoch")).containsExactly(2, 1);
    assertThat(history.getString("[0].evidence.gates[0].gate")).isEqualTo("drained");
    assertThat(history.getList("[0].evidence.instances")).hasSize(1);
    assertThat(history.getString("[0].reason")).isNotBlank();
    for (String wrong : List.of("", "x", "1.5")) {
      assertThat(Api.viewer().get(MIGRATION + "/history?before=" + wrong).statusCode())
          .as(wrong)
          .isEqualTo(400);
    }
  }

  @Test
  @Timeout(60)
  void sendsTheStatusAtLeastOnceASecond() throws Exception {
    String login =
        Base64.getEncoder().encodeToString("viewer:viewer".getBytes(StandardCharsets.UTF_8));
    HttpRequest request =
        HttpRequest.newBuilder(events)
            .header("Authorization", "Basic " + login)
            .timeout(Duration.ofSeconds(20))
            .build();
    HttpResponse<InputStream> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofInputStream());

    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/event-stream");
    try (Scanner lines = new Scanner(answer.body(), StandardCharsets.UTF_8)) {
      int seen = 0;
      while (seen < 4 && lines.hasNextLine()) {
        String line = lines.nextLine();
        if (line.startsWith("data:")) {
          assertThat(new JsonObject(line.substring(5)).getString("name"))
              .isEqualTo("orders-status");
          seen++;
        }
      }
      assertThat(seen).isEqualTo(4);
    }
    // the period that the stream is made with: a clock would measure the machine as well
    assertThat(StatusStreams.TICK).isLessThanOrEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void showsTextToATerminalThatAsksForIt() {
    engine.ask(1);
    assertThat(Api.viewer().accept("text/plain").get(MIGRATION).asString())
        .contains("orders-status: phase 1 (dual-write)", "CLOSED  backfill-complete");
    assertThat(Api.viewer().accept("*/*").get(MIGRATION).contentType())
        .startsWith("application/json");
  }

  @Test
  void describesEveryCall() {
    String description =
        given().accept("application/json").get("/q/openapi?format=json").asString();
    assertThat(new JsonObject(description).getJsonObject("paths").fieldNames())
        .contains(
            "/orders",
            "/orders/{id}",
            "/orders/{id}/shadow",
            "/health",
            "/migrations",
            "/migrations/{name}",
            "/migrations/{name}/events",
            "/migrations/{name}/history",
            "/migrations/{name}/backfill",
            "/migrations/{name}/backfill/pause",
            "/migrations/{name}/backfill/resume",
            "/migrations/{name}/backfill/cancel",
            "/migrations/{name}/parity",
            "/migrations/{name}/parity/repair",
            "/migrations/{name}/contract");
  }
}
