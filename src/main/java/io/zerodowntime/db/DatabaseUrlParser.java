package io.zerodowntime.db;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one URL. No message repeats any part that could hold the password. */
final class DatabaseUrlParser {
  private static final String SHAPE = "postgresql://user:password@host:port/database";
  private static final Pattern SCHEME = Pattern.compile("postgres(?:ql)?://(.*)");
  private static final Pattern ADDRESS =
      Pattern.compile("(?<host>\\[[0-9a-fA-F:.]+]|[A-Za-z0-9._-]+)(?::(?<port>[0-9]{1,5}))?");
  private static final List<String> PARAMETERS =
      List.of("sslmode", "sslrootcert", "application_name", "options");

  private final String url;

  DatabaseUrlParser(String url) {
    this.url = url.strip();
  }

  DatabaseUrl parse() {
    Matcher scheme = SCHEME.matcher(url);
    require(scheme.matches(), "it does not begin with postgresql://");
    String rest = scheme.group(1);
    int question = rest.indexOf('?');
    Map<String, String> parameters =
        question < 0 ? Map.of() : parameters(rest.substring(question + 1));
    String beforeQuery = question < 0 ? rest : rest.substring(0, question);
    int at = beforeQuery.lastIndexOf('@');
    require(at > 0, "the user is missing");
    return parse(beforeQuery.substring(0, at), beforeQuery.substring(at + 1), parameters);
  }

  private DatabaseUrl parse(String login, String place, Map<String, String> parameters) {
    require(
        !login.contains("/") && !login.contains("@"),
        "user and password need @, /, ? and # percent-encoded (%40, %2F, %3F, %23)");
    int colon = login.indexOf(':');
    String user = decode(colon < 0 ? login : login.substring(0, colon), "user");
    require(!user.isEmpty(), "the user is missing");
    Optional<String> password =
        Optional.of(colon < 0 ? "" : decode(login.substring(colon + 1), "password"))
            .filter(text -> !text.isEmpty());
    int slash = place.indexOf('/');
    Matcher address = ADDRESS.matcher(slash < 0 ? place : place.substring(0, slash));
    require(address.matches(), "host and port are missing or malformed");
    String database = slash < 0 ? "" : decode(place.substring(slash + 1), "database");
    require(!database.contains("/"), "the database's name contains a slash");
    return new DatabaseUrl(
        address.group("host").replaceAll("[\\[\\]]", ""),
        port(address.group("port")),
        database.isEmpty() ? user : database,
        user,
        password,
        sslMode(parameters),
        Optional.ofNullable(parameters.get("sslrootcert")),
        Optional.ofNullable(parameters.get("application_name")),
        Optional.ofNullable(parameters.get("options")));
  }

  private static SslMode sslMode(Map<String, String> parameters) {
    SslMode mode = sslMode(parameters.getOrDefault("sslmode", SslMode.PREFER.label()));
    return mode == SslMode.REQUIRE && parameters.containsKey("sslrootcert")
        ? SslMode.VERIFY_CA
        : mode;
  }

  private static SslMode sslMode(String label) {
    try {
      return SslMode.of(label);
    } catch (IllegalArgumentException e) {
      throw malformed(String.valueOf(e.getMessage()));
    }
  }

  private static int port(String digits) {
    int port = digits == null ? 5432 : Integer.parseInt(digits);
    require(port >= 1 && port <= 65_535, "the port is not between 1 and 65535");
    return port;
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> values = new HashMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? "" : pair.substring(0, equals);
      require(
          PARAMETERS.contains(name),
          "it has a parameter that is none of " + String.join(", ", PARAMETERS));
      String value = decode(pair.substring(equals + 1), name);
      require(values.put(name, value) == null, "parameter " + name + " stands twice");
    }
    return values;
  }

  private static String decode(String text, String part) {
    try {
      return PercentCoding.decode(text);
    } catch (IllegalArgumentException e) {
      throw malformed("the " + part + " has a malformed percent escape");
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
