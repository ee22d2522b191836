package io.zerodowntime.db;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One server of a URL.
 *
 * @param name a name or an address; an IPv6 address stands without brackets
 * @param port 1 to 65535
 */
public record DatabaseHost(String name, int port) {
  private static final Pattern ADDRESS =
      Pattern.compile("(?<name>\\[[0-9a-fA-F:.]+]|[A-Za-z0-9._-]+)(?::(?<port>[0-9]{1,5}))?");
  private static final int DEFAULT_PORT = 5432;

  /**
   * Reads {@code host} or {@code host:port}.
   *
   * @throws IllegalArgumentException if it is malformed; the message says what
   */
  static DatabaseHost parse(String text) {
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches()) {
      throw new IllegalArgumentException("host and port are missing or malformed");
    }
    String digits = address.group("port");
    int port = digits == null ? DEFAULT_PORT : Integer.parseInt(digits);
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("the port is not between 1 and 65535");
    }
    return new DatabaseHost(address.group("name").replaceAll("[\\[\\]]", ""), port);
  }

  /** Host and port, as URLs, logs and metrics show them. */
  String place() {
    return (name.contains(":") ? "[" + name + "]" : name) + ":" + port;
  }
}
