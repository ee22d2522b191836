package io.zerodowntime.http.login;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.MetricsScrape;
import io.zerodowntime.testing.TokenKey;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An issuer that was away when the service started: the service serves, and tokens have to wait.
 */
@QuarkusTest
@TestProfile(IssuerAwayTest.Profile.class)
class IssuerAwayTest {
  private static final int CLIENTS = 40;

  @ConfigProperty(name = "OIDC_ISSUER_URL")
  String url;

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @Test
  @Timeout(300)
  void servesWithoutTheIssuerAndTakesTokensOnceItIsThere() throws Exception {
    database.reset();
    engine.ask(0);
    try (Tokens tokens = Tokens.of(url)) {
      tokens.issuer().silent(true);
      String token = tokens.key().sign(tokens.claims("alice", "viewer"));
      for (Response answer : atOnce(token)) {
        assertUnavailable(answer);
      }
      assertThat(tokens.issuer().asked())
          .as("one of the clients asks at a time, and the others are answered at once")
          .isPositive()
          .isLessThan(CLIENTS / 4);
      assertOthersServed();

      tokens.issuer().stop();
      assertUnavailable(Tokens.view(token));
      assertOthersServed();

      tokens.issuer().silent(false);
      tokens.issuer().startAgain();
      await().until(() -> Tokens.view(token).statusCode() == 200);
      String stranger = TokenKey.generate("stranger").sign(tokens.claims("alice", "viewer"));
      assertThat(Tokens.view(stranger).statusCode()).isEqualTo(401);
    }
    assertThat(MetricsScrape.of(Api.management().get("/q/metrics").asString()).families("login_.*"))
        .containsEntry("login_tokens_total", "counter [result]");
  }

  private static List<Response> atOnce(String token) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<Response>> answers = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        answers.add(clients.submit(() -> Tokens.view(token)));
      }
      List<Response> all = new ArrayList<>();
      for (Future<Response> answer : answers) {
        all.add(answer.get());
      }
      return all;
    } finally {
      clients.shutdownNow();
    }
  }

  private static void assertUnavailable(Response answer) {
    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(503);
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:issuer-unavailable");
    assertThat(answer.header("Retry-After")).isNotBlank();
  }

  private static void assertOthersServed() {
    assertThat(Api.viewer().get("/login-probe/viewer").statusCode()).isEqualTo(200);
    assertThat(Api.order("paid").statusCode()).isEqualTo(201);
    assertThat(Api.order("key", "paid").statusCode()).isEqualTo(201);
  }

  /** An application of its own, which has never seen the issuer; its orders need no login. */
  public static class Profile extends TokenProfile {
    public Profile() {
      super("ORDERS_LOGIN_REQUIRED", "false");
    }
  }
}
