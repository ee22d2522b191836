package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The labels uri and method are of closed sets, whatever paths and methods clients think of. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class RequestMetricsTest {
  @Test
  void namesNoPathOfAClient() throws Exception {
    for (int number = 0; number < 100; number++) {
      given().delete("/orders/" + number);
      given().get("/nothing/" + number);
      given().get("/orders/" + number + "/nothing");
      try (RawHttp client = new RawHttp()) {
        client.send("GET /orders/" + number + "/x HTTP/1.1\r\nContent-Length: x\r\n\r\n");
        assertThat(client.answer()).startsWith("HTTP/1.1 400 ");
      }
    }
    given().get("/orders/1/shadow");
    given().get("/migrations/orders-status/history");

    assertThat(values("uri"))
        .contains("/orders/{id}", "/other", "/orders/{id}/shadow", "/migrations/{name}/history")
        .allMatch(uri -> uri.matches("(/[a-z-]*|/\\{id}|/\\{name}|root)+"), "no raw path");
  }

  @Test
  void namesNoMethodOfAClient() {
    given().request("BREW", "/orders/1");
    given().request("BREW", "/q/health/live");
    given().patch("/orders/1");

    assertThat(values("method")).contains("PATCH", "OTHER").doesNotContain("BREW");
  }

  private static List<String> values(String label) {
    return Pattern.compile("http_server_requests_seconds_count\\{[^}]*" + label + "=\"([^\"]*)\"")
        .matcher(given().get("/q/metrics").asString())
        .results()
        .map((MatchResult found) -> found.group(1))
        .distinct()
        .toList();
  }
}
