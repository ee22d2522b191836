package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Orders take a shorter way than other requests, and are answered as the others are. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class RequestEntryTest {
  private static final String POLICY = "Content-Security-Policy";

  @Inject EngineDatabase database;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /orders/1, 404",
    "HEAD, /orders/1, 404",
    "PUT, /orders/1, 405",
    "DELETE, /orders, 405",
    "BREW, /orders, 405",
    "GET, /orders/1/2/3, 404",
    "GET, /ordersx, 404",
    "GET, /orders/, 200",
    "GET, //orders, 200",
    "GET, /nothing/../orders, 200",
    "GET, /%6frders, 200",
    "GET, /orders/../nothing, 404",
    "GET, /orders/%, 400",
    "GET, /nothing/%, 400",
    "POST, /orders, 400",
    "OPTIONS, /orders, 200",
    "OPTIONS, /orders/1, 200"
  })
  void answersEveryMethodAndFormOfThePath(String method, String path, int status) throws Exception {
    try (RawHttp client = new RawHttp()) {
      String answer =
          client
              .send(
                  "%s %s HTTP/1.1\r\nHost: test\r\nX-Request-Id: a\r\n\r\n".formatted(method, path))
              .answer();
      assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    }
  }

  @Test
  void takesABodyOfHttp2WithoutALengthAndNone() throws Exception {
    byte[] order = "{\"userId\":7,\"amount\":1}".getBytes(StandardCharsets.UTF_8);
    assertThat(onHttp2("/orders", streamed(order)).statusCode()).isEqualTo(201);
    assertThat(onHttp2("/orders", HttpRequest.BodyPublishers.noBody()).statusCode()).isEqualTo(400);
    assertThat(
            onHttp2(Api.MIGRATION + "/backfill/pause", HttpRequest.BodyPublishers.noBody())
                .statusCode())
        .isEqualTo(401);
  }

  @ParameterizedTest
  @CsvSource({"/orders, 413", "/migrations/orders-status/backfill/pause, 401"})
  void boundsABodyOfHttp2WithoutALength(String path, int status) throws Exception {
    HttpResponse<String> refused = onHttp2(path, streamed(new byte[70_000]));
    assertThat(refused.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(refused.statusCode()).isEqualTo(status);
  }

  private static HttpRequest.BodyPublisher streamed(byte[] body) {
    return HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body));
  }

  /** Only a connection that has changed to HTTP/2 takes a body without a length. */
  private static HttpResponse<String> onHttp2(String path, HttpRequest.BodyPublisher body)
      throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    URI call = URI.create("http://localhost:" + RestAssured.port + path);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(call).header("Content-Type", "application/json");
    client.send(request.GET().build(), HttpResponse.BodyHandlers.ofString());
    return client.send(request.POST(body).build(), HttpResponse.BodyHandlers.ofString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/assets/nothing.js", "/x/../assets/main.js", "//assets/main.js"})
  void guardsEveryPathOfAFileOfTheConsole(String path) throws Exception {
    try (RawHttp client = new RawHttp()) {
      String answer = client.send("GET %s HTTP/1.1\r\nHost: test\r\n\r\n".formatted(path)).answer();
      assertThat(answer).as(path).containsIgnoringCase(POLICY);
    }
  }

  @Test
  void sendsOrdersWithoutTheHeadersOfFiles() {
    assertThat(given().get("/orders").header(POLICY)).isNull();
    assertThat(given().get("/assets").header(POLICY)).isNull();
  }
}
