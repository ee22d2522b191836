package io.zerodowntime.http;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/** Makes requests that are HTTP to begin with, and then broken in some places. */
final class MalformedHttp {
  private static final List<String> METHODS =
      List.of("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "PRI", "get", "X Y", "");
  private static final List<String> PATHS =
      List.of(
          "/orders",
          "/orders/1",
          "/orders?limit=%zz",
          "/orders/%",
          "//orders",
          "/%6frders;x/..",
          "/orders/1/shadow",
          "/migrations",
          "/migrations/%00",
          "/health",
          "*",
          "http://[::1/",
          "/\u00ff",
          "/" + "a".repeat(5000));
  private static final List<String> VERSIONS =
      List.of("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "x", "");
  private static final List<String> HEADERS =
      List.of(
          "Host: test",
          "Content-Type: application/json",
          "Content-Length: 24",
          "Content-Length: 0",
          "Content-Length: -1",
          "Content-Length: 99999999999999999999",
          "Content-Length: 70000",
          "Transfer-Encoding: chunked",
          "Transfer-Encoding: identity",
          "Transfer-Encoding: gzip, chunked",
          "Expect: 100-continue",
          "Expect: x",
          "Connection: close",
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "Upgrade: websocket",
          "HTTP2-Settings: AAMAAABkAAQAAP__",
          "Idempotency-Key: a",
          "Idempotency-Key: \"" + "k".repeat(3000) + "\"",
          "Accept: */*;q=x",
          "Accept: \u00ff",
          "Authorization: Basic !!!",
          "Authorization: Basic b3BlcmF0b3I6b3BlcmF0b3I=",
          "Cookie: =;=;",
          "X-Long: " + "l".repeat(25_000),
          ": nothing",
          " folded: x",
          "no colon",
          "Nul: \0");
  private static final List<String> BODIES =
      List.of(
          "",
          "{\"userId\":7,\"amount\":1.5}",
          "0\r\n\r\n",
          "18\r\n{\"userId\":7,\"amount\":1.5}\r\n0\r\n\r\n",
          "fffffffff\r\nx",
          "-1\r\n\r\n",
          "[".repeat(3000));

  private final Random random;

  MalformedHttp(long seed) {
    random = new Random(seed);
  }

  byte[] next() {
    StringBuilder text = new StringBuilder(one(METHODS));
    text.append(' ').append(one(PATHS)).append(' ').append(one(VERSIONS)).append("\r\n");
    for (int header = random.nextInt(6); header > 0; header--) {
      text.append(one(HEADERS)).append("\r\n");
    }
    text.append("\r\n").append(one(BODIES));
    byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
    for (int damage = random.nextInt(3); damage > 0; damage--) {
      bytes[random.nextInt(Math.min(bytes.length, 300))] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  private String one(List<String> of) {
    return of.get(random.nextInt(of.size()));
  }
}
