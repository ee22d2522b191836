package io.zerodowntime.db;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where a PostgreSQL server is and how to log in, parsed from {@code
 * postgresql://user:password@host:port,host:port/database?sslmode=...}.
 *
 * @param hosts at least one; the first one that fits is used
 * @param target which of them fits
 * @param passwordSource where the password comes from
 * @param applicationName what {@code pg_stat_activity} shows behind the service's own name
 * @param options command line options for the session, for example {@code -c search_path=shop}
 */
public record DatabaseUrl(
    List<DatabaseHost> hosts,
    TargetSession target,
    String database,
    String user,
    DatabasePassword passwordSource,
    SslMode sslMode,
    TlsFiles tlsFiles,
    Optional<String> applicationName,
    Optional<String> options) {

  /**
   * Reads {@code postgresql://} or {@code postgres://}. User, password and database may be
   * percent-encoded; the port defaults to 5432, the database to the user, {@code sslmode} to {@code
   * prefer}; {@code require} with {@code sslrootcert} is {@code verify-ca}, as it is for libpq.
   * Parameters: {@code sslmode}, {@code sslrootcert}, {@code sslcert}, {@code sslkey}, {@code
   * passfile}, {@code target_session_attrs}, {@code application_name}, {@code options}; any other
   * is refused.
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
   * @return at least one, each with one host, no two of one host and port
   * @throws IllegalArgumentException if one is malformed, is there twice, or if there are too many
   */
  public static List<DatabaseUrl> parseReplicas(String urls) {
    return ReplicaUrlParser.parse(urls);
  }

  /** The name of the first host. */
  public String host() {
    return hosts.get(0).name();
  }

  /** The port of the first host. */
  public int port() {
    return hosts.get(0).port();
  }

  /** The password that the URL itself holds. */
  public Optional<String> password() {
    return passwordSource.given();
  }

  /** The file of authorities that the URL names. */
  public Optional<String> rootCertificate() {
    return tlsFiles.rootCertificate();
  }

  /**
   * Looks at every file that it names, as a start does. Blocking.
   *
   * @throws IllegalArgumentException if one cannot be used, saying why but never a password
   */
  public void checkFiles() {
    tlsFiles.check();
    hosts.forEach(this::password);
  }

  /**
   * The password for one of the hosts; blocking if it is in a file.
   *
   * @return empty if there is none
   * @throws IllegalArgumentException if the file cannot be used
   */
  public Optional<String> password(DatabaseHost host) {
    return passwordSource.of(host, database, user);
  }

  /**
   * The URL of the JDBC driver, without user and password.
   *
   * @param parameters more of the driver's parameters, which win over those of the URL
   */
  public String jdbcUrl(Map<String, String> parameters) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("sslmode", sslMode.label());
    rootCertificate().ifPresent(file -> all.put("sslrootcert", file));
    tlsFiles.certificate().ifPresent(file -> all.put("sslcert", file));
    tlsFiles.key().ifPresent(file -> all.put("sslkey", file));
    if (tlsFiles.certificate().isPresent()) {
      all.put("sslfactory", PemSocketFactory.class.getName());
    } else if (sslMode.verifies() && rootCertificate().isEmpty()) {
      all.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    }
    applicationName.ifPresent(name -> all.put("ApplicationName", name));
    options.ifPresent(text -> all.put("options", text));
    if (target != TargetSession.ANY) {
      all.put("targetServerType", "primary");
    }
    all.putAll(parameters);
    return "jdbc:" + address(hosts) + PercentCoding.query(all);
  }

  /** The URL of the JDBC driver, without user and password. */
  public String jdbcUrl() {
    return jdbcUrl(Map.of());
  }

  /**
   * The URL of the Vert.x client, without user, password and {@code sslmode}, and with the first
   * host alone: set the mode apart.
   *
   * @param service what every session's name begins with, so that schema changes can tell the
   *     service's sessions from others; the URL's own name follows
   */
  public String reactiveUrl(String service) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("application_name", sessionName(service));
    options.ifPresent(text -> parameters.put("options", text));
    return address(hosts.subList(0, 1)) + PercentCoding.query(parameters);
  }

  /** What {@code pg_stat_activity} shows: the service's name, and the URL's own behind it. */
  String sessionName(String service) {
    return applicationName
        .map(name -> name.startsWith(service) ? name : service + " " + name)
        .orElse(service);
  }

  /** Hosts and ports, as logs and metrics show them. */
  String place() {
    return places(hosts);
  }

  /** The same with another mode. */
  public DatabaseUrl withSslMode(SslMode mode) {
    return new DatabaseUrl(
        hosts, target, database, user, passwordSource, mode, tlsFiles, applicationName, options);
  }

  /** The same with one host, which is used whatever it is. */
  public DatabaseUrl at(DatabaseHost host) {
    return new DatabaseUrl(
        List.of(host),
        TargetSession.ANY,
        database,
        user,
        passwordSource,
        sslMode,
        tlsFiles,
        applicationName,
        options);
  }

  /**
   * The same with files that hold the password where the URL says nothing about it.
   *
   * @param file what {@code DATABASE_PASSWORD_FILE} names
   * @param passFile what {@code PGPASSFILE} names
   */
  public DatabaseUrl withPasswordFiles(Optional<String> file, Optional<String> passFile) {
    return new DatabaseUrl(
        hosts,
        target,
        database,
        user,
        passwordSource.orElse(file.map(Path::of), passFile.map(Path::of)),
        sslMode,
        tlsFiles,
        applicationName,
        options);
  }

  /** For logs: everything but the password. */
  public String redacted() {
    String secret = password().isPresent() ? ":***" : "";
    return address(hosts).replace("//", "//" + PercentCoding.encode(user) + secret + "@");
  }

  @Override
  public String toString() {
    return redacted();
  }

  private String address(List<DatabaseHost> some) {
    return "postgresql://" + places(some) + "/" + PercentCoding.encode(database);
  }

  private static String places(List<DatabaseHost> some) {
    return some.stream().map(DatabaseHost::place).collect(Collectors.joining(","));
  }
}
