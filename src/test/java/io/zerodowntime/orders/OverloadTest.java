package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.http.StallingResource;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More requests than are let in: the others are refused at once, and nothing leaks. */
@QuarkusTest
@TestProfile(OverloadTest.Two.class)
class OverloadTest {
  private static final long NEVER_MADE = 1_000_000;

  @Inject EngineDatabase database;
  @Inject StallingResource calls;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
  }

  @AfterEach
  void end() {
    calls.finish();
    await().until(() -> Api.find(NEVER_MADE).statusCode() == 404);
  }

  @Test
  void refusesTheThirdAndServesAgainOnceTheTwoAreDone() throws Exception {
    try (RawHttp first = stalled(1);
        RawHttp second = stalled(2)) {
      Response refused = Api.find(1);

      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.contentType()).isEqualTo("application/problem+json");
      assertThat(refused.header("Retry-After")).isEqualTo("1");
      assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:overloaded");
      assertThat(Api.status().statusCode()).isEqualTo(200);
      assertThat(given().get("/q/health/live").statusCode()).isEqualTo(200);
      calls.finish();
      assertThat(first.answer()).startsWith("HTTP/1.1 200 ");
      assertThat(second.answer()).startsWith("HTTP/1.1 200 ");
    }
    assertThat(Api.order("c", "paid").statusCode()).isEqualTo(201);
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(1);
  }

  @Test
  void keepsTheSlotsOfClientsThatHangUpWhileTheirWorkGoesOn() throws Exception {
    try (RawHttp first = stalled(1);
        RawHttp second = stalled(2)) {
      assertThat(Api.find(1).statusCode()).isEqualTo(503);
    }
    // a call that is answered comes after both ends of connections were seen
    assertThat(given().get("/health").statusCode()).isEqualTo(200);
    assertThat(Api.find(1).statusCode()).isEqualTo(503);
    calls.finish();
    await().until(() -> Api.find(1).statusCode() == 404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"//orders/1", "/%6frders/1", "/./orders/1", "/orders/1;x", "/orders//1"})
  void refusesOtherSpellingsOfThePath(String path) throws Exception {
    try (RawHttp first = stalled(1);
        RawHttp second = stalled(2);
        RawHttp third = new RawHttp()) {
      third.send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
      assertThat(third.answer()).startsWith("HTTP/1.1 503 ").contains("overloaded");
    }
  }

  private RawHttp stalled(int number) throws Exception {
    RawHttp client = new RawHttp();
    client.send("GET /orders-stalling HTTP/1.1\r\nHost: test\r\n\r\n");
    await().until(() -> calls.working() == number);
    return client;
  }

  /** Two requests at once. */
  public static final class Two extends EngineProfile {
    public Two() {
      super("http.bulkhead.limit", "2");
    }
  }
}
