package io.zerodowntime.http;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies of every framing: each request is answered, and no slot is lost. */
@QuarkusTest
@TestProfile(EngineProfile.class)
@Timeout(120)
class RequestBodyLimitTest {
  private static final String POST =
      "POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n%s";

  @Inject EngineDatabase database;
  @Inject Bulkhead bulkhead;
  @Inject RequestDeadlines deadlines;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  @AfterEach
  void nothingIsLeft() {
    await().until(() -> bulkhead.inFlight() == 0 && deadlines.pending() == 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nstray",
        "Content-Length: 0\r\n\r\n",
        "\r\n"
      })
  void answersRequestsWithoutABody(String rest) throws Exception {
    for (String path : new String[] {"/orders", "//orders", "/%6frders", "/orders;x"}) {
      try (RawHttp client = new RawHttp()) {
        assertThat(client.send(POST.formatted(path, rest)).answer())
            .as(path)
            .startsWith("HTTP/1.1 4")
            .contains("application/problem+json");
      }
    }
  }

  @Test
  void answersOperatorsCallsWithAnEmptyChunkedBody() throws Exception {
    try (RawHttp client = new RawHttp()) {
      String authorized =
          """
          Authorization: Basic b3BlcmF0b3I6b3BlcmF0b3I=\r
          Transfer-Encoding: chunked\r
          \r
          0\r
          \r
          """;
      assertThat(
              client
                  .send(POST.formatted("/migrations/orders-status/backfill/pause", authorized))
                  .answer())
          .startsWith("HTTP/1.1 4");
    }
  }

  @Test
  void servesOnAfterMoreStrayRequestsThanThereAreSlots() throws Exception {
    for (int request = 0; request < 600; request++) {
      try (RawHttp client = new RawHttp()) {
        client.send(
            POST.formatted("/orders", "Transfer-Encoding: identity\r\n\r\n") + "0\r\n\r\nstray");
        assertThat(client.answer()).startsWith("HTTP/1.1 400 ");
      }
    }
    assertThat(Api.order("paid").statusCode()).isEqualTo(201);
  }

  @Test
  void takesBodiesInChunksAndAfterContinue() throws Exception {
    String body = "{\"userId\":7,\"amount\":1}";
    try (RawHttp client = new RawHttp()) {
      client.send(
          POST.formatted("/orders", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"));
      assertThat(client.answer()).startsWith("HTTP/1.1 100 ");
      client.send(
          "1\r\n{\r\n%x\r\n%s\r\n0\r\n\r\n".formatted(body.length() - 1, body.substring(1)));
      String answer = client.answer();
      assertThat(answer).startsWith("HTTP/1.1 201 ");
    }
  }

  @Test
  void refusesLongBodiesOnHttp2() throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    URI orders = URI.create("http://localhost:" + RestAssured.port + "/orders");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(orders).header("Content-Type", "application/json");
    client.send(request.GET().build(), HttpResponse.BodyHandlers.ofString());

    HttpResponse<String> refused =
        client.send(
            request.POST(HttpRequest.BodyPublishers.ofString("x".repeat(70_000))).build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(refused.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(refused.statusCode()).isEqualTo(413);
    assertThat(refused.headers().map()).doesNotContainKey("connection");
    assertThat(refused.body()).contains("\"status\":413");
  }

  @Test
  void refusesAnEndlessBody() throws Exception {
    try (RawHttp client = new RawHttp()) {
      client.send(POST.formatted("/orders", "Transfer-Encoding: chunked\r\n\r\n"));
      for (int chunk = 0; chunk < 70; chunk++) {
        client.send("400\r\n" + "x".repeat(1024) + "\r\n");
      }
      assertThat(client.answer()).startsWith("HTTP/1.1 413 ").contains("\"status\":413");
    }
  }
}
