package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.LoggedFailures;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Work that never ends, or not in time: the request is answered all the same. */
@QuarkusTest
@TestProfile(ShortDeadlineProfile.class)
@Timeout(120)
class RequestDeadlinesTest {
  private static final String PATH = "/orders-stalling";

  @Inject StallingResource calls;
  @Inject Bulkhead bulkhead;
  @Inject RequestDeadlines deadlines;

  private LoggedFailures log;

  @BeforeEach
  void listen() {
    log = new LoggedFailures();
  }

  @AfterEach
  void nothingIsLeft() {
    calls.finish();
    await().until(() -> deadlines.pending() == 0);
    assertThat(bulkhead.inFlight()).isZero();
    log.close();
    assertThat(log.all()).isEmpty();
  }

  @Test
  void answersReads() {
    assertLate(given().get(PATH), "deadline-exceeded", "Nothing was changed");
  }

  @Test
  void answersWritesThatWereNotSent() {
    assertLate(given().body("x").post(PATH), "deadline-exceeded", "Nothing was changed");
  }

  @Test
  void saysWhereTheOutcomeIsUnknown() {
    assertLate(given().body("x").post(PATH + "/sent"), "outcome-unknown", "done or not");
  }

  @Test
  void letsWritesUnderKeysBeRepeated() {
    assertLate(
        given().header("Idempotency-Key", "a").body("x").post(PATH + "/sent"),
        "deadline-exceeded",
        "again as it is");
  }

  @Test
  void countsWhatItRefuses() {
    double before = refused("deadline");
    given().get(PATH);
    assertThat(refused("deadline")).isEqualTo(before + 1);
  }

  @Test
  void acceptsWorkThatGoesOn() {
    Response accepted = given().post(PATH + "/long");

    assertThat(accepted.statusCode()).isEqualTo(202);
    assertThat(accepted.header("Location")).endsWith("/elsewhere");
  }

  @Test
  void keepsTheSlotOfWorkThatGoesOn() {
    given().get(PATH);

    assertThat(bulkhead.inFlight()).isEqualTo(1);
    calls.finish();
    await().until(() -> bulkhead.inFlight() == 0);
  }

  @Test
  void keepsTheSlotOfClientsThatHangUp() throws Exception {
    try (RawHttp client = new RawHttp()) {
      client.send("GET " + PATH + " HTTP/1.1\r\nHost: test\r\n\r\n");
      await().until(() -> calls.working() == 1);
    }
    given().get("/health");
    assertThat(bulkhead.inFlight()).isEqualTo(1);
  }

  @Test
  void servesOnOnTheSameConnection() throws Exception {
    try (RawHttp client = new RawHttp()) {
      client.send("GET " + PATH + " HTTP/1.1\r\nHost: test\r\n\r\n");
      assertThat(client.answer()).startsWith("HTTP/1.1 503 ");
      calls.finish();
      client.send("GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n");
      assertThat(client.answer()).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void refusesBodiesThatDoNotComeIn() throws Exception {
    double before = refused("body-timeout");
    for (String framing : new String[] {"Content-Length: 10", "Transfer-Encoding: chunked"}) {
      try (RawHttp client = new RawHttp()) {
        client.send("POST /orders HTTP/1.1\r\nHost: test\r\n" + framing + "\r\n\r\n2\r\n{");
        assertThat(bulkhead.inFlight()).isZero();
        assertThat(client.answer())
            .startsWith("HTTP/1.1 408 ")
            .contains("application/problem+json", "connection: close");
        assertThat(client.rest(60_000)).isEqualTo("<closed>");
      }
    }
    assertThat(refused("body-timeout")).isEqualTo(before + 2);
  }

  @Test
  void endsBodiesThatNoCallWaitsFor() throws Exception {
    try (RawHttp client = new RawHttp()) {
      client.send("POST /nothing HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n{");
      assertThat(client.answer()).startsWith("HTTP/1.1 404 ");
      assertThat(client.rest(60_000)).isEqualTo("<closed>");
    }
  }

  private static double refused(String reason) {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("orders_refused_total{reason=\"" + reason + "\"}"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private static void assertLate(Response answer, String type, String detail) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.contentType()).isEqualTo("application/problem+json");
    assertThat(answer.header("Retry-After")).isEqualTo("2");
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:" + type);
    assertThat(answer.jsonPath().getString("detail")).contains(detail);
  }
}
