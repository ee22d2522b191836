package io.zerodowntime.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that clients of HTTP/2 are told of the end before the connection is closed. */
class Http2DrainTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "curl/8.5.0",
        "",
        "Java-http-client/17.0.17",
        "Java-http-client/21.0.8",
        "Java-http-client/25",
        "Java-http-client/25.0.2",
        "Java-http-client/26-ea"
      })
  void announcesTheEnd(String userAgent) {
    assertThat(Http2Drain.understandsGoAway(userAgent)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Java-http-client/11.0.2",
        "Java-http-client/17",
        "Java-http-client/17.0.15",
        "Java-http-client/21.0.7",
        "Java-http-client/24.0.2"
      })
  void sparesClientsThatTakeItForAFailure(String userAgent) {
    assertThat(Http2Drain.understandsGoAway(userAgent)).isFalse();
  }
}
