package io.zerodowntime.db;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a PostgreSQL server is and how to log in, parsed from {@code
 * postgresql://user:password@host:port/database?sslmode=...}.
 *
 * @param host a name or an address; an IPv6 address stands without brackets
 * @param port 1 to 65535
 * @param password empty where the server asks for none
 * @param rootCertificate a file of PEM certificates to trust in the verifying modes; empty for the
 *     authorities that the Java runtime trusts
 * @param applicationName what {@code pg_stat_activity} shows behind the service's own name
 * @param options command line options for the session, for example {@code -c search_path=shop}
 */
public record DatabaseUrl(
    String host,
    int port,
    String database,
    String user,
    Optional<String> password,
    SslMode sslMode,
    Optional<String> rootCertificate,
    Optional<String> applicationName,
    Optional<String> options) {

  /**
   * Reads {@code postgresql://} or {@code postgres://}. User, password and database may be
   * percent-encoded; the port defaults to 5432, the database to the user, {@code sslmode} to {@code
   * prefer}; {@code require} with {@code sslrootcert} is {@code verify-ca}, as it is for libpq.
   * Parameters: {@code sslmode}, {@code sslrootcert}, {@code application_name}, {@code options};
   * any other is refused.
   *
   * @throws IllegalArgumentException if it is malformed, saying where but never the password
   */
  public static DatabaseUrl parse(String url) {
    return new DatabaseUrlParser(url).parse();
  }

  /**
   * Reads what {@code READ_REPLICA_URL} says: one URL whose host is a list ({@code a,b:5433}), or
   * several URLs with commas or blanks between them.
   *
   * @return at least one, no two of one host and port
   * @throws IllegalArgumentException if one is malformed, is there twice, or if there are too many
   */
  public static List<DatabaseUrl> parseReplicas(String urls) {
    return ReplicaUrlParser.parse(urls);
  }

  /**
   * The URL of the JDBC driver, without user and password.
   *
   * @param parameters more of the driver's parameters, which win over those of the URL
   */
  public String jdbcUrl(Map<String, String> parameters) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("sslmode", sslMode.label());
    rootCertificate.ifPresent(file -> all.put("sslrootcert", file));
    if (sslMode.verifies() && rootCertificate.isEmpty()) {
      all.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    }
    applicationName.ifPresent(name -> all.put("ApplicationName", name));
    options.ifPresent(text -> all.put("options", text));
    all.putAll(parameters);
    return "jdbc:" + address() + PercentCoding.query(all);
  }

  /** The URL of the JDBC driver, without user and password. */
  public String jdbcUrl() {
    return jdbcUrl(Map.of());
  }

  /**
   * The URL of the Vert.x client, without user, password and {@code sslmode}: set the mode apart.
   *
   * @param service what every session's name begins with, so that schema changes can tell the
   *     service's sessions from others; the URL's own name follows
   */
  public String reactiveUrl(String service) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("application_name", sessionName(service));
    options.ifPresent(text -> parameters.put("options", text));
    return address() + PercentCoding.query(parameters);
  }

  /** What {@code pg_stat_activity} shows: the service's name, and the URL's own behind it. */
  String sessionName(String service) {
    return applicationName
        .map(name -> name.startsWith(service) ? name : service + " " + name)
        .orElse(service);
  }

  /** Host and port, as logs and metrics show them. */
  String place() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  /** The same with another mode. */
  public DatabaseUrl withSslMode(SslMode mode) {
    return new DatabaseUrl(
        host, port, database, user, password, mode, rootCertificate, applicationName, options);
  }

  /** For logs: everything but the password. */
  public String redacted() {
    String secret = password.isPresent() ? ":***" : "";
    return address().replace("//", "//" + PercentCoding.encode(user) + secret + "@");
  }

  @Override
  public String toString() {
    return redacted();
  }

  private String address() {
    return "postgresql://" + place() + "/" + PercentCoding.encode(database);
  }
}
