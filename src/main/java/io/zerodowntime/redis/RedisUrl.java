package io.zerodowntime.redis;

import io.zerodowntime.db.PercentCoding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code REDIS_URL} says. No message repeats any part that could hold the password.
 *
 * @param connection the same for the client, without the parameters
 * @param place host and port, for the log
 * @param tls whether the connection is encrypted; then the server's name is always verified
 * @param rootCertificate a file with the certificates that are trusted (PEM); empty: those of Java
 * @param certificate a file with the client's certificate (PEM), if the server wants one
 * @param key a file with the key of that certificate (PEM)
 */
record RedisUrl(
    String connection,
    String place,
    boolean tls,
    Optional<String> rootCertificate,
    Optional<String> certificate,
    Optional<String> key) {
  private static final String SHAPE = "redis://user:password@host:port/0";
  private static final Pattern FORM =
      Pattern.compile(
          "(?<scheme>rediss?)://(?:(?<user>[^:/@?#]*):(?<password>[^:/@?#]*)@)?"
              + "(?<host>\\[[0-9a-fA-F:.]+]|[A-Za-z0-9._-]+)(?::(?<port>[0-9]{1,5}))?"
              + "(?:/(?<database>[0-9]{0,4}))?(?:\\?(?<query>.*))?");
  private static final List<String> PARAMETERS = List.of("sslrootcert", "sslcert", "sslkey");
  private static final int PORT = 6379;

  /**
   * Reads a URL.
   *
   * @throws IllegalArgumentException if it is malformed
   */
  static RedisUrl parse(String url) {
    Matcher form = FORM.matcher(url.strip());
    require(
        form.matches(),
        "it is redis:// or rediss://, then user:password@ or nothing, host and port, and the number"
            + " of a database; : @ / ? and # in user and password are percent-encoded");
    boolean tls = form.group("scheme").equals("rediss");
    Map<String, String> parameters = parameters(form.group("query"));
    require(tls || parameters.isEmpty(), "parameters are for rediss:// only");
    require(
        parameters.containsKey("sslcert") == parameters.containsKey("sslkey"),
        "sslcert and sslkey come together");
    int port = form.group("port") == null ? PORT : Integer.parseInt(form.group("port"));
    require(port >= 1 && port <= 65_535, "the port is not between 1 and 65535");
    String place = form.group("host") + ":" + port;
    String database = form.group("database");
    return new RedisUrl(
        form.group("scheme")
            + "://"
            + login(form.group("user"), form.group("password"))
            + place
            + (database == null || database.isEmpty() ? "" : "/" + database),
        place,
        tls,
        Optional.ofNullable(parameters.get("sslrootcert")),
        Optional.ofNullable(parameters.get("sslcert")),
        Optional.ofNullable(parameters.get("sslkey")));
  }

  /** Encoded anew: for the client a plus sign is a blank, here it is a plus sign. */
  private static String login(String user, String password) {
    return password == null
        ? ""
        : PercentCoding.encode(decode(user)) + ":" + PercentCoding.encode(decode(password)) + "@";
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> values = new HashMap<>();
    if (query == null) {
      return values;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? "" : pair.substring(0, equals);
      require(
          PARAMETERS.contains(name),
          "it has a parameter that is none of " + String.join(", ", PARAMETERS));
      require(
          values.put(name, decode(pair.substring(equals + 1))) == null,
          "parameter " + name + " stands twice");
    }
    return values;
  }

  private static String decode(String text) {
    try {
      return PercentCoding.decode(text);
    } catch (IllegalArgumentException e) {
      throw malformed("it has a malformed percent escape");
    }
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw malformed(problem);
    }
  }

  private static IllegalArgumentException malformed(String problem) {
    return new IllegalArgumentException("not a URL like " + SHAPE + ": " + problem);
  }
}
