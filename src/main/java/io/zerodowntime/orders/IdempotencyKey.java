package io.zerodowntime.orders;

import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Names one write of a client, so that sending it again does it once.
 *
 * @param value what is stored: the key itself, or with a client's name a hash of both
 */
record IdempotencyKey(String value) {
  static final String HEADER = "Idempotency-Key";

  /** The bare and the quoted form, for the API's description; read by a loop, see below. */
  static final String PATTERN = "^([!#-~][!-~]{0,254}|\"([!#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\")$";

  private static final int LONGEST = 255;

  /** Every character escaped, and the quotes. */
  private static final int LONGEST_QUOTED = 2 * LONGEST + 2;

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
    if (!isVisible(value, LONGEST)) {
      throw new ProblemException(malformed());
    }
    return Optional.of(new IdempotencyKey(value));
  }

  /** Whether the text is 1 to {@code longest} visible ASCII characters. */
  static boolean isVisible(String text, int longest) {
    return !text.isEmpty()
        && text.length() <= longest
        && text.chars().allMatch(each -> each >= '!' && each <= '~');
  }

  /** Without quotes and backslashes; empty if they are not as they must be. */
  private static String unquoted(String header) {
    if (!header.startsWith("\"")) {
      return header;
    }
    int end = header.length() - 1;
    if (end == 0 || end >= LONGEST_QUOTED || header.charAt(end) != '"') {
      return "";
    }
    StringBuilder value = new StringBuilder(end);
    for (int i = 1; i < end; i++) {
      char each = header.charAt(i);
      if (each == '\\') {
        i++;
        each = header.charAt(i);
        if (i == end || (each != '"' && each != '\\')) {
          return "";
        }
      } else if (each == '"') {
        return "";
      }
      value.append(each);
    }
    return value.toString();
  }

  private static Problem malformed() {
    return Problem.of(400, "malformed-idempotency-key", "Malformed Idempotency-Key")
        .detail("One header with 1 to 255 visible ASCII characters is needed, quoted or bare.");
  }

  /**
   * The same key of this client alone. A space comes first, which no key has that is stored as it
   * is; the hash fits the column whatever the lengths are.
   */
  IdempotencyKey of(String client) {
    byte[] hash = sha256(client + " " + value);
    return new IdempotencyKey(" " + Base64.getEncoder().encodeToString(hash));
  }

  /** Tells two requests apart that come under one key: 32 bytes. */
  static byte[] fingerprint(String method, String path, String canonicalBody) {
    return sha256(method + " " + path + "\n" + canonicalBody);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
