package io.zerodowntime.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.RawHttp;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every limit of a head, and what is not HTTP: each is answered with a problem, and closed. */
@QuarkusTest
@TestProfile(EngineProfile.class)
@Timeout(120)
class MalformedRequestResponsesTest {
  private static final String GET = "GET /health HTTP/1.1\r\nHost: test\r\n";

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of(400, "no request at all\r\n\r\n"),
        Arguments.of(400, GET + "A name: with a blank\r\n\r\n"),
        Arguments.of(400, GET + "Content-Length: x\r\n\r\n"),
        Arguments.of(400, GET + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        Arguments.of(414, "GET /" + "a".repeat(5000) + " HTTP/1.1\r\nHost: test\r\n\r\n"),
        Arguments.of(431, GET + "Long: " + "x".repeat(25_000) + "\r\n\r\n"),
        Arguments.of(431, GET + "Some: header\r\n".repeat(2000) + "\r\n"));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void answersWithAProblem(int status, String request) throws Exception {
    try (RawHttp client = new RawHttp()) {
      String answer = client.send(request).answer();
      assertThat(answer)
          .startsWith("HTTP/1.1 " + status + " ")
          .contains("content-type: application/problem+json", "\"status\":" + status);
      assertThat(client.rest(60_000)).isEqualTo("<closed>");
    }
  }

  @ParameterizedTest
  @MethodSource("allowed")
  void takesWhatIsWithinTheLimits(String request) throws Exception {
    try (RawHttp client = new RawHttp()) {
      assertThat(client.send(request).answer()).startsWith("HTTP/1.1 200 ");
    }
  }

  static Stream<String> allowed() {
    return Stream.of(
        GET + "Long: " + "x".repeat(19_000) + "\r\n\r\n",
        GET + "S: h\r\n".repeat(1000) + "\r\n",
        "GET /health?" + "a".repeat(3900) + " HTTP/1.1\r\nHost: test\r\n\r\n",
        GET + "Latin: \u00e4\u00ff\r\n\r\n");
  }
}
