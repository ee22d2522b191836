package io.zerodowntime.orders;

import io.zerodowntime.platform.Problem;
import io.zerodowntime.platform.ProblemException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a client calls one write, so that sending it again does it once. */
record IdempotencyKey(String value) {
  static final String HEADER = "Idempotency-Key";

  private static final Pattern BARE = Pattern.compile("[!-~]{1,255}");
  private static final Pattern QUOTED = Pattern.compile("\"((?:[!#-\\[\\]-~]|\\\\[\"\\\\])+)\"");
  private static final Pattern ESCAPED = Pattern.compile("\\\\(.)");

  /**
   * Reads the header: {@code abc} and {@code "abc"} are the same key.
   *
   * @param headers every header of that name
   * @throws ProblemException 400, if it is malformed or there are several
   */
  static Optional<IdempotencyKey> of(List<String> headers) {
    if (headers.isEmpty()) {
      return Optional.empty();
    }
    String value = headers.size() == 1 ? unquoted(headers.get(0)) : "";
    if (!BARE.matcher(value).matches()) {
      throw new ProblemException(malformed());
    }
    return Optional.of(new IdempotencyKey(value));
  }

  private static String unquoted(String header) {
    if (!header.startsWith("\"")) {
      return header;
    }
    var quoted = QUOTED.matcher(header);
    return quoted.matches() ? ESCAPED.matcher(quoted.group(1)).replaceAll("$1") : "";
  }

  private static Problem malformed() {
    return Problem.of(400, "malformed-idempotency-key", "Malformed Idempotency-Key")
        .detail("One header with 1 to 255 visible ASCII characters is needed, quoted or bare.");
  }

  /** Tells two requests apart that come under one key: 32 bytes. */
  static byte[] fingerprint(String method, String path, String canonicalBody) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest((method + " " + path + "\n" + canonicalBody).getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
