package io.zerodowntime.http.limit;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.PostgresResource;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Proves that a client's requests beyond its quota are refused. The window is an hour: nothing
 * becomes free again while the test runs.
 */
@QuarkusTest
@TestProfile(RateLimitTest.FiveAnHour.class)
class RateLimitTest {
  private static final String ORDERS = "/orders?limit=1";

  @Inject EngineDatabase database;
  @Inject MeterRegistry registry;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
  }

  @Test
  void refusesTheSixthRequest() {
    for (int left = 4; left >= 0; left--) {
      Response allowed = from("192.0.2.1").get(ORDERS);
      assertThat(allowed.statusCode()).isEqualTo(200);
      assertThat(allowed.header("RateLimit-Policy")).isEqualTo("\"orders\";q=5;w=3600");
      assertThat(allowed.header("RateLimit")).startsWith("\"orders\";r=" + left + ";t=");
    }
    double counted = refusals();
    Response refused = from("192.0.2.1").get(ORDERS);

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:rate-limited");
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 720);
    assertThat(refused.header("RateLimit")).startsWith("\"orders\";r=0;t=");
    assertThat(refusals()).isEqualTo(counted + 1);
    assertThat(from("192.0.2.1").contentType("application/json").body("{").post("/orders"))
        .as("before the body is looked at")
        .returns(429, Response::statusCode);
  }

  @Test
  void anotherClientAndProbesAreNotRefused() {
    exhaust("192.0.2.2");

    assertThat(from("192.0.2.3").get(ORDERS).statusCode()).isEqualTo(200);
    for (int i = 0; i < 10; i++) {
      assertThat(from("192.0.2.2").get("/health").statusCode()).isEqualTo(200);
      assertThat(from("192.0.2.2").get("/q/health/live").statusCode()).isEqualTo(200);
      assertThat(from("192.0.2.2").get("/q/metrics").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void whoIsLoggedInIsCountedWhereverItComesFrom() {
    for (int i = 0; i < 5; i++) {
      assertThat(operator("192.0.2.1" + i).get(ORDERS).statusCode()).isEqualTo(200);
    }
    assertThat(operator("192.0.2.19").get(ORDERS).statusCode()).isEqualTo(429);
    assertThat(from("192.0.2.19").get(ORDERS).statusCode()).isEqualTo(200);
  }

  @Test
  void credentialsThatAreWrongCountForTheAddress() {
    for (int i = 0; i < 5; i++) {
      Response answer =
          from("192.0.2.30").auth().preemptive().basic("user " + i, "wrong").get(ORDERS);
      assertThat(answer.statusCode()).as("reads ask for no login").isEqualTo(200);
    }
    assertThat(from("192.0.2.30").get(ORDERS).statusCode()).isEqualTo(429);
    Response keyed =
        from("192.0.2.31")
            .auth()
            .preemptive()
            .basic("operator", "wrong")
            .header("Idempotency-Key", "a-key")
            .contentType("application/json")
            .body("{\"userId\":1,\"amount\":1}")
            .post("/orders");
    assertThat(keyed.statusCode()).isEqualTo(401);
    assertThat(keyed.jsonPath().getString("type")).isEqualTo("urn:problem:unauthorized");
  }

  private void exhaust(String address) {
    for (int i = 0; i < 100; i++) {
      if (from(address).get(ORDERS).statusCode() == 429) {
        return;
      }
    }
    throw new AssertionError("not refused");
  }

  private double refusals() {
    return registry.get("orders.refused").tag("reason", "rate-limited").counter().count();
  }

  private static RequestSpecification from(String address) {
    return given().header("X-Forwarded-For", address);
  }

  private static RequestSpecification operator(String address) {
    return from(address).auth().preemptive().basic("operator", PostgresResource.OPERATOR_PASSWORD);
  }

  /** The test itself is the proxy. */
  public static final class FiveAnHour extends EngineProfile {
    public FiveAnHour() {
      super(
          "client.trusted-proxies",
          "127.0.0.0/8,::1",
          "rate-limit.requests",
          "5",
          "rate-limit.window",
          "1H");
    }
  }
}
