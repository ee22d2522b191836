package io.zerodowntime.http.login;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Orders that need a login, and idempotency keys that belong to who is logged in. */
@QuarkusTest
@TestProfile(TokenProfile.class)
class OrdersLoginTest {
  private static final String ORDER = "{\"userId\":7,\"amount\":12.5,\"status\":\"%s\"}";

  @ConfigProperty(name = "OIDC_ISSUER_URL")
  String url;

  @Inject EngineDatabase database;
  @Inject Engine engine;

  private Tokens tokens;

  @BeforeEach
  void start() throws Exception {
    database.reset();
    engine.ask(0);
    tokens = Tokens.of(url);
    await().until(() -> tokens.as("a", "viewer").get("/login-probe/viewer").statusCode() == 200);
  }

  @AfterEach
  void stop() {
    tokens.close();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /orders",
    "GET, /orders/1",
    "GET, /orders/1/shadow",
    "POST, /orders",
    "PATCH, /orders/1"
  })
  void everyCallNeedsARoleOfClients(String method, String path) {
    database.orders(1);
    String body = method.equals("PATCH") ? "{\"status\":\"sent\"}" : ORDER.formatted("paid");
    Response unknown = send(given(), method, path, body);
    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(unknown.headers().getValues("WWW-Authenticate")).hasSize(2);
    assertThat(send(tokens.as("alice", "viewer"), method, path, body).statusCode()).isEqualTo(403);
    assertThat(send(Tokens.with("opaque"), method, path, body).statusCode()).isEqualTo(401);
    assertThat(send(Api.viewer(), method, path, body).statusCode()).isEqualTo(403);
    assertThat(database.number("SELECT count(*) FROM orders")).isOne();

    assertThat(send(tokens.as("alice", "shop"), method, path, body).statusCode()).isIn(200, 201);
    assertThat(send(Api.operator(), method, path, body).statusCode()).isIn(200, 201);
  }

  /** Nothing is told of what is right with a request before it is known who sends it. */
  @Test
  void aMalformedRequestOfAStrangerIsRefusedForItsLogin() {
    assertThat(send(given(), "POST", "/orders", "{\"userId\":0}").statusCode()).isEqualTo(401);
    assertThat(send(given().header("Idempotency-Key", ""), "POST", "/orders", ORDER).statusCode())
        .isEqualTo(401);
  }

  @Test
  void aKeyBelongsToItsSubject() {
    Response alice = post(tokens.as("alice", "shop"), "paid");
    Response bob = post(tokens.as("bob", "shop"), "sent");
    assertThat(List.of(alice.statusCode(), bob.statusCode())).containsOnly(201);
    assertThat(bob.header("Idempotent-Replayed")).isNull();
    assertThat(bob.asString()).isNotEqualTo(alice.asString());

    assertReplays(alice, post(tokens.as("alice", "shop", "other"), "paid"));
    assertReplays(bob, post(tokens.as("bob", "shop"), "sent"));
    assertThat(post(tokens.as("alice", "shop"), "sent").statusCode()).isEqualTo(422);
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(2);
    assertThat(database.rows("SELECT key FROM idempotency_key"))
        .as("a hash of key and subject, which no client's key can be")
        .hasSize(2)
        .allMatch(key -> key.startsWith(" "));
  }

  @Test
  void noClientReachesAKeyByAName() {
    Response operator = post(Api.operator(), "paid");
    for (RequestSpecification other :
        List.of(
            tokens.as("operator", "shop"),
            tokens.as("user operator", "shop"),
            tokens.as("alice", "shop").header("X-Client-Id", "operator"))) {
      Response own = post(other, "paid");
      assertThat(own.statusCode()).isEqualTo(201);
      assertThat(own.header("Idempotent-Replayed")).isNull();
    }
    assertReplays(operator, post(Api.operator(), "paid"));
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(4);
  }

  @Test
  void theDescriptionSaysHowToLogIn() {
    JsonObject description =
        new JsonObject(given().accept("application/json").get("/q/openapi?format=json").asString());
    JsonObject schemes = description.getJsonObject("components").getJsonObject("securitySchemes");
    assertThat(schemes.getJsonObject("token").getString("scheme")).isEqualTo("bearer");
    for (String path : List.of("/orders", "/orders/{id}", "/migrations")) {
      JsonObject get = description.getJsonObject("paths").getJsonObject(path).getJsonObject("get");
      assertThat(get.getJsonArray("security")).as(path).hasSize(2);
      assertThat(get.getJsonObject("responses").fieldNames()).contains("401", "403");
    }
    assertThat(schemes.fieldNames()).hasSize(2);
  }

  private static void assertReplays(Response first, Response again) {
    assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
    assertThat(again.asString()).isEqualTo(first.asString());
  }

  private static Response post(RequestSpecification client, String status) {
    return send(
        client.header("Idempotency-Key", "one"), "POST", "/orders", ORDER.formatted(status));
  }

  private static Response send(
      RequestSpecification client, String method, String path, String body) {
    return method.equals("GET")
        ? client.get(path)
        : client.contentType("application/json").body(body).request(method, path);
  }
}
