package io.zerodowntime.migration.rest;

import static io.zerodowntime.testing.Api.MIGRATION;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.http.login.TokenProfile;
import io.zerodowntime.http.login.Tokens;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The history says who did what: each action of an operator, and nothing that was refused. */
@QuarkusTest
@TestProfile(TokenProfile.class)
class OperatorActionsTest {
  @ConfigProperty(name = "OIDC_ISSUER_URL")
  String url;

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(30);
  }

  @Test
  void keepsEachActionOnARun() {
    engine.ask(1);
    engine.beat();
    send(Api.operator(), "POST", "/backfill", "{\"batchSize\":5,\"targetLoad\":1}");
    send(Api.operator(), "POST", "/backfill/pause", "");
    send(Api.operator(), "PATCH", "/backfill", "{\"delayMillis\":7}");
    send(Api.operator(), "POST", "/backfill/resume", "");
    send(Api.operator(), "POST", "/backfill/cancel", "");
    engine.backfill();
    send(Api.operator(), "POST", "/parity", "");
    engine.work(engine.lastRun(), 1);
    database.run("UPDATE orders SET status = 'wrong' WHERE id IN (1, 2)");
    engine.compare();
    send(Api.operator(), "POST", "/parity/repair", "");

    assertThat(actions())
        .extracting(entry -> entry.getString("action"))
        .containsExactly(
            "backfill",
            "backfill pause",
            "backfill limits",
            "backfill resume",
            "backfill cancel",
            "parity",
            "repair");
    assertThat(actions())
        .allSatisfy(
            entry -> {
              assertThat(entry.getString("subject")).isEqualTo("operator");
              assertThat(entry.getInteger("fromPhase")).isEqualTo(1);
              assertThat(entry.getInteger("toPhase")).isEqualTo(1);
              assertThat(entry.getLong("epoch")).isEqualTo(1);
              assertThat(entry.getString("instance")).isNotBlank();
              JsonObject evidence = entry.getJsonObject("evidence");
              assertThat(evidence.getString("login")).isEqualTo("password");
              assertThat(evidence.getLong("run")).isPositive();
              assertThat(evidence.getString("databaseUser"))
                  .isEqualTo(database.one("SELECT session_user"));
            });
    assertThat(parameters(0).getInteger("batchSize")).isEqualTo(5);
    assertThat(parameters(0).getDouble("targetLoad")).isEqualTo(1);
    assertThat(parameters(1)).isEmpty();
    assertThat(parameters(2).getInteger("batchSize")).isEqualTo(5);
    assertThat(parameters(2).getInteger("delayMillis")).isEqualTo(7);
    assertThat(parameters(6).getInteger("keys")).isEqualTo(2);
  }

  @Test
  void keepsNothingOfWhatWasRefused() {
    for (String path : List.of("/backfill", "/backfill/pause", "/parity", "/contract")) {
      assertThat(Api.command(path).statusCode()).as(path).isEqualTo(409);
    }
    assertThat(Api.viewer().post(MIGRATION + "/backfill").statusCode()).isEqualTo(403);
    engine.ask(1);
    engine.beat();
    engine.backfill();
    engine.follow();
    assertThat(actions()).as("the engine's own runs are not an operator's actions").isEmpty();
  }

  @Test
  void namesTheSubjectOfAToken() {
    engine.ask(1);
    engine.beat();
    try (Tokens tokens = Tokens.of(url)) {
      await().until(() -> tokens.as("8d41", "viewer").get(MIGRATION).statusCode() == 200);
      send(tokens.as("8d41", "admins"), "POST", "/backfill", "");
    }
    JsonObject entry = actions().get(0);
    assertThat(entry.getString("subject")).isEqualTo("8d41");
    assertThat(entry.getJsonObject("evidence").getString("login")).isEqualTo("token");
    assertThat(entry.getJsonObject("evidence").getString("name")).isEqualTo("8d41@example.org");
    assertThat(database.rows("SELECT requested_by FROM backfill_run")).containsExactly("8d41");
  }

  @Test
  void namesWhoDroppedTheColumn() {
    engine.walkTo(3);
    engine.apply(SchemaStage.ENFORCE);
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);
    JsonObject drop =
        history().stream()
            .filter(entry -> entry.getString("kind").equals("contract"))
            .findFirst()
            .orElseThrow();
    assertThat(drop.getString("subject")).isEqualTo("operator");
    assertThat(drop.getString("action")).isEqualTo("contract");
    assertThat(history())
        .filteredOn(entry -> entry.getString("kind").equals("step"))
        .hasSize(3)
        .allSatisfy(
            step -> {
              assertThat(step.getString("subject")).isNull();
              assertThat(step.getString("action")).isNull();
            });
  }

  private static void send(RequestSpecification operator, String method, String path, String body) {
    Response answer =
        operator.contentType("application/json").body(body).request(method, MIGRATION + path);
    assertThat(answer.statusCode()).as(path + answer.asString()).isEqualTo(202);
  }

  private JsonObject parameters(int action) {
    return actions().get(action).getJsonObject("evidence").getJsonObject("parameters");
  }

  /** What operators did, the oldest first. */
  private static List<JsonObject> actions() {
    return history().stream()
        .filter(entry -> entry.getString("kind").equals("action"))
        .sorted((one, other) -> Long.compare(one.getLong("id"), other.getLong("id")))
        .toList();
  }

  private static List<JsonObject> history() {
    return new JsonArray(Api.viewer().get(MIGRATION + "/history").asString())
        .stream().map(JsonObject.class::cast).toList();
  }
}
