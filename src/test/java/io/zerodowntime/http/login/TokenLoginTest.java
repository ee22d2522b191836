package io.zerodowntime.http.login;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.TestIssuer;
import io.zerodowntime.testing.TokenKey;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a token lets in its subject, with its roles, and that no other token does. */
@QuarkusTest
@TestProfile(TokenProfile.class)
class TokenLoginTest {
  @ConfigProperty(name = "OIDC_ISSUER_URL")
  String url;

  private Tokens tokens;

  @BeforeEach
  void start() {
    tokens = Tokens.of(url);
    // each test has keys of its own: what the service knows of former ones ends here
    await().until(() -> view("probe", "viewer").statusCode() == 200);
  }

  @AfterEach
  void stop() {
    tokens.close();
  }

  private Response view(String subject, String... roles) {
    return tokens.as(subject, roles).get("/login-probe/viewer");
  }

  @ParameterizedTest
  @CsvSource({
    "viewer, 200, 403",
    "admins, 200, 200",
    "migrators, 200, 200",
    "operator, 403, 403",
    "other, 403, 403",
  })
  void rolesFollowTheClaim(String role, int viewer, int operator) {
    assertThat(view("alice", "unknown", role).statusCode()).isEqualTo(viewer);
    assertThat(tokens.as("alice", role).get("/login-probe/operator").statusCode())
        .isEqualTo(operator);
  }

  @Test
  void aTokenWithoutRolesMayNothing() {
    JsonObject claims = tokens.claims("alice");
    claims.remove("realm_access");
    assertThat(Tokens.view(tokens.key().sign(claims)).statusCode()).isEqualTo(403);
    claims.put("realm_access", "no object").put("groups", "viewer");
    assertThat(Tokens.view(tokens.key().sign(claims)).statusCode()).isEqualTo(403);
  }

  /** A proxy that signs people in sends their token with each request of the console. */
  @Test
  void theConsoleTakesTokensToo() {
    Response session = tokens.as("alice", "admins").get("/console/session");
    assertThat(session.jsonPath().getString("user")).isEqualTo("alice");
    assertThat(session.jsonPath().getBoolean("operator")).isTrue();
    Response viewer = tokens.as("bob", "viewer").get("/console/session");
    assertThat(viewer.jsonPath().getBoolean("operator")).isFalse();
    assertThat(tokens.as("bob", "other").get("/console/session").statusCode()).isEqualTo(403);
  }

  @Test
  void passwordsGoOnBeside() {
    assertThat(Api.operator().get("/login-probe/operator").statusCode()).isEqualTo(200);
    assertThat(Api.viewer().get("/login-probe/operator").statusCode()).isEqualTo(403);
    Response unknown = given().get("/login-probe/viewer");
    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(unknown.headers().getValues("WWW-Authenticate"))
        .containsExactly("Basic realm=\"zerodowntime\"", "Bearer realm=\"zerodowntime\"");
    assertThat(
            given()
                .auth()
                .preemptive()
                .basic("operator", "wrong")
                .get("/login-probe/viewer")
                .statusCode())
        .isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"exp", "iat", "sub", "aud", "iss"})
  void refusesATokenThatLacksAClaim(String claim) {
    JsonObject claims = tokens.claims("alice", "viewer");
    claims.remove(claim);
    assertRefused(tokens.key().sign(claims), "");
  }

  @Test
  void refusesWhatIsNotForHereAndNow() {
    JsonObject claims = tokens.claims("alice", "admins");
    long now = claims.getLong("iat");
    assertRefused(
        tokens.key().sign(claims.copy().put("iat", now - 900).put("exp", now - 600)), "expired");
    assertRefused(
        tokens.key().sign(claims.copy().put("nbf", now + 600).put("exp", now + 900)),
        "not valid yet");
    assertRefused(tokens.key().sign(claims.copy().put("aud", "billing")), "another audience");
    assertRefused(
        tokens.key().sign(claims.copy().put("iss", "https://other.example")), "another issuer");
    assertRefused(tokens.key().sign(claims.copy().put("iss", url + "/")), "another issuer");
  }

  @Test
  void refusesWhatTheIssuerHasNotSigned() {
    JsonObject claims = tokens.claims("alice", "admins");
    assertRefused(tokens.key().unsigned(claims), "");
    assertRefused(tokens.key().signWithPublicKey(claims), "");
    assertRefused(TokenKey.generate(tokens.key().id()).sign(claims), "signature");
    assertRefused(TokenKey.generate("stranger").sign(claims), "does not publish");

    String[] parts = tokens.key().sign(tokens.claims("alice", "viewer")).split("\\.", -1);
    String forged =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.encode().getBytes(StandardCharsets.UTF_8));
    assertRefused(parts[0] + "." + forged + "." + parts[2], "signature");
    assertRefused(parts[0] + "." + parts[1] + ".", "");
    assertRefused(parts[0] + "." + parts[1], "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"opaque", "a.b.c", "..", "e30.e30.", "{}"})
  void refusesWhatIsNoToken(String token) {
    assertRefused(token, "");
  }

  private static void assertRefused(String token, String reason) {
    Response refused = Tokens.view(token);
    assertThat(refused.statusCode()).as(refused.asString()).isEqualTo(401);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:invalid-token");
    assertThat(refused.jsonPath().getString("detail")).contains(reason);
    assertThat(refused.headers().getValues("WWW-Authenticate"))
        .anyMatch(value -> value.startsWith("Bearer ") && value.contains("\"invalid_token\""));
  }

  @Test
  void followsTheKeysOfTheIssuer() {
    String before = tokens.key().sign(tokens.claims("alice", "viewer"));
    TokenKey second = TokenKey.generate(UUID.randomUUID().toString());
    String after = second.sign(tokens.claims("alice", "viewer"));
    assertThat(Tokens.view(before).statusCode()).isEqualTo(200);
    assertRefused(after, "does not publish");

    tokens.issuer().publish(tokens.key(), second);
    await().until(() -> Tokens.view(after).statusCode() == 200);
    assertThat(Tokens.view(before).statusCode()).isEqualTo(200);

    TokenKey third = TokenKey.generate(UUID.randomUUID().toString());
    tokens.issuer().publish(third);
    String last = third.sign(tokens.claims("alice", "viewer"));
    await().until(() -> Tokens.view(last).statusCode() == 200);
    assertRefused(before, "does not publish");
  }

  @Test
  void needsNoIssuerForAKeyThatItKnows() {
    String token = tokens.key().sign(tokens.claims("alice", "viewer"));
    String unknown = TokenKey.generate("next").sign(tokens.claims("alice", "viewer"));
    tokens.issuer().silent(true);
    for (int i = 0; i < 3; i++) {
      // the first of them waits for the issuer, the others do not
      assertThat(Tokens.view(unknown).statusCode()).isIn(401, 503);
      assertThat(Tokens.view(token).statusCode()).isEqualTo(200);
      assertThat(Api.viewer().get("/login-probe/viewer").statusCode()).isEqualTo(200);
    }
    tokens.issuer().stop();
    assertThat(Tokens.view(token).statusCode()).isEqualTo(200);
    tokens.issuer().silent(false);
    tokens.issuer().startAgain();
    TokenKey next = TokenKey.generate("after");
    tokens.issuer().publish(next);
    String fresh = next.sign(tokens.claims("alice", "viewer"));
    await().until(() -> Tokens.view(fresh).statusCode() == 200);
  }

  @Test
  void sendsNoTokenToTheIssuerAndAsksItSeldom() {
    TestIssuer issuer = tokens.issuer();
    int before = issuer.asked();
    for (int i = 0; i < 50; i++) {
      assertThat(view("alice", "viewer").statusCode()).isEqualTo(200);
    }
    assertThat(issuer.asked()).isEqualTo(before);
  }
}
