package io.zerodowntime.db;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one URL. No message repeats any part that could hold the password. */
final class DatabaseUrlParser {
  private static final String SHAPE = "postgresql://user:password@host:port/database";
  private static final Pattern SCHEME = Pattern.compile("postgres(?:ql)?://(.*)");
  private static final String TARGET = "target_session_attrs";
  private static final String CERTIFICATE = "sslcert";
  private static final String KEY = "sslkey";
  private static final List<String> PARAMETERS =
      List.of(
          "sslmode",
          "sslrootcert",
          CERTIFICATE,
          KEY,
          "passfile",
          TARGET,
          "application_name",
          "options");

  /** Each is looked at in turn by a start and by an attempt to connect. */
  private static final int MOST_HOSTS = 16;

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
    String database = slash < 0 ? "" : decode(place.substring(slash + 1), "database");
    require(!database.contains("/"), "the database's name contains a slash");
    return new DatabaseUrl(
        hosts(slash < 0 ? place : place.substring(0, slash)),
        of(TargetSession::of, parameters.getOrDefault(TARGET, TargetSession.ANY.label())),
        database.isEmpty() ? user : database,
        user,
        new DatabasePassword(
            password,
            Optional.empty(),
            Optional.ofNullable(parameters.get("passfile")).map(Path::of)),
        sslMode(parameters),
        tlsFiles(parameters),
        Optional.ofNullable(parameters.get("application_name")),
        Optional.ofNullable(parameters.get("options")));
  }

  private static List<DatabaseHost> hosts(String list) {
    List<DatabaseHost> hosts =
        Arrays.stream(list.split(",", -1)).map(each -> of(DatabaseHost::parse, each)).toList();
    require(
        hosts.size() <= MOST_HOSTS,
        "it names %d hosts, and %d is the most".formatted(hosts.size(), MOST_HOSTS));
    return hosts;
  }

  private static TlsFiles tlsFiles(Map<String, String> parameters) {
    require(
        parameters.containsKey(CERTIFICATE) == parameters.containsKey(KEY),
        "of " + CERTIFICATE + " and " + KEY + " one is missing");
    return new TlsFiles(
        Optional.ofNullable(parameters.get("sslrootcert")),
        Optional.ofNullable(parameters.get(CERTIFICATE)),
        Optional.ofNullable(parameters.get(KEY)));
  }

  private static SslMode sslMode(Map<String, String> parameters) {
    SslMode mode = of(SslMode::of, parameters.getOrDefault("sslmode", SslMode.PREFER.label()));
    return mode == SslMode.REQUIRE && parameters.containsKey("sslrootcert")
        ? SslMode.VERIFY_CA
        : mode;
  }

  private static <T> T of(Function<String, T> read, String text) {
    try {
      return read.apply(text);
    } catch (IllegalArgumentException e) {
      throw malformed(String.valueOf(e.getMessage()));
    }
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
