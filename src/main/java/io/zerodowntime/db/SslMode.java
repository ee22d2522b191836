package io.zerodowntime.db;

import java.util.Arrays;
import java.util.Locale;

/** How a connection is encrypted and whom it trusts, by the names and meanings of libpq. */
public enum SslMode {
  DISABLE,
  ALLOW,
  PREFER,
  REQUIRE,
  VERIFY_CA,
  VERIFY_FULL;

  /** The name in a URL, for example {@code verify-full}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether the server's certificate must come from a trusted authority. */
  boolean verifies() {
    return this == VERIFY_CA || this == VERIFY_FULL;
  }

  static SslMode of(String label) {
    return Arrays.stream(values())
        .filter(mode -> mode.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"));
  }
}
