package io.zerodowntime.db;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Turns {@code DATABASE_URL}, {@code READ_REPLICA_URL}, {@code REDIS_URL}, {@code
 * OPERATOR_PASSWORD} and {@code VIEWER_PASSWORD} into the configuration of the clients and of the
 * users. What is absent or blank yields nothing.
 */
public final class DatabaseConfig implements ConfigSourceFactory {
  /** The name that DDL sessions show in {@code pg_stat_activity}. */
  public static final String DDL_APPLICATION_NAME = "zerodowntime-ddl";

  /** The name that all other sessions show, before the one that the URL says. */
  public static final String APPLICATION_NAME = "zerodowntime";

  /** The system property by which the preflight says what the server made of the URL's mode. */
  public static final String SSL_MODE = "zerodowntime.database.sslmode";

  /** The same for {@code DATABASE_DIRECT_URL}. */
  public static final String DIRECT_SSL_MODE = "zerodowntime.database.direct-sslmode";

  /** The system property by which the preflight says what kind of pooler it has found. */
  public static final String POOLING = "zerodowntime.database.pooling";

  /** The variable that names a file with nothing but the password. */
  public static final String PASSWORD_FILE = "DATABASE_PASSWORD_FILE";

  /** The variable of libpq that names a password file. */
  public static final String PASS_FILE = "PGPASSFILE";

  /** In seconds. */
  private static final String CONNECT_TIMEOUT = "5";

  /** In milliseconds. */
  private static final String LOCK_TIMEOUT = "1000";

  /** Above application.properties (250), below the environment (300). */
  private static final int ORDINAL = 275;

  private static final String REACTIVE = "quarkus.datasource.reactive.";
  private static final String USERS = "quarkus.security.users.embedded.users.";
  private static final String ROLES = "quarkus.security.users.embedded.roles.";

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    Map<String, String> values = new HashMap<>();
    Optional<DatabaseUrl> primary = url(context, "DATABASE_URL", SSL_MODE);
    Optional<DatabaseUrl> direct = url(context, "DATABASE_DIRECT_URL", DIRECT_SSL_MODE);
    primary.ifPresent(
        url -> {
          put(values, url);
          RawSetting.of(context, "DATABASE_URL")
              .ifPresent(text -> values.put(DatabaseServers.URL, RawSetting.literal(text)));
          jdbc(values, direct.orElse(url), direct.isPresent() ? Pooling.NONE : pooling(context));
        });
    direct
        .or(() -> primary)
        .filter(url -> url.hosts().size() > 1)
        .ifPresent(url -> values.put(DatabaseServers.OTHER_HOSTS, "5s"));
    RawSetting.of(context, "DATABASE_DIRECT_URL")
        .ifPresent(text -> values.put(DatabaseServers.DIRECT_URL, RawSetting.literal(text)));
    RawSetting.of(context, "READ_REPLICA_URL")
        .ifPresent(
            urls -> {
              values.put(ReplicaSettings.URLS, RawSetting.literal(urls));
              values.put(ReplicaSettings.LOOK, "1s");
            });
    RawSetting.of(context, "REDIS_URL")
        .ifPresent(
            url -> {
              values.put("zerodowntime.redis", RawSetting.literal(url));
              values.put("zerodowntime.redis-look", "1s");
            });
    RawSetting.of(context, "OPERATOR_PASSWORD")
        .ifPresent(password -> put(values, "operator", password, "operator,viewer,client"));
    RawSetting.of(context, "VIEWER_PASSWORD")
        .ifPresent(password -> put(values, "viewer", password, "viewer"));
    return List.of(new PropertiesConfigSource(values, "DATABASE_URL", ORDINAL));
  }

  @Override
  public OptionalInt getPriority() {
    return OptionalInt.of(ORDINAL);
  }

  /** With the mode that the server was found to speak. */
  private static Optional<DatabaseUrl> url(
      ConfigSourceContext context, String name, String sslMode) {
    return RawSetting.of(context, name)
        .map(DatabaseUrl::parse)
        .map(
            url ->
                url.withPasswordFiles(
                    RawSetting.of(context, PASSWORD_FILE), RawSetting.of(context, PASS_FILE)))
        .map(
            url ->
                RawSetting.of(context, sslMode).map(SslMode::of).map(url::withSslMode).orElse(url));
  }

  private static Pooling pooling(ConfigSourceContext context) {
    return RawSetting.of(context, POOLING)
        .map(name -> Pooling.valueOf(name.toUpperCase(Locale.ROOT)))
        .orElse(Pooling.NONE);
  }

  private static void put(Map<String, String> values, DatabaseUrl url) {
    values.put(REACTIVE + "url", RawSetting.literal(url.reactiveUrl(APPLICATION_NAME)));
    values.put(REACTIVE + "postgresql.ssl-mode", url.sslMode().label());
    values.put(REACTIVE + "trust-all", String.valueOf(!url.sslMode().verifies()));
    values.put(
        REACTIVE + "hostname-verification-algorithm",
        url.sslMode() == SslMode.VERIFY_FULL ? "HTTPS" : "NONE");
    url.rootCertificate()
        .filter(file -> url.sslMode().verifies())
        .ifPresent(
            file -> {
              values.put(REACTIVE + "trust-certificate-pem", "true");
              values.put(REACTIVE + "trust-certificate-pem.certs", RawSetting.literal(file));
            });
  }

  /** The login of schema changes: past a pooler that shares sessions, if there is one. */
  private static void jdbc(Map<String, String> values, DatabaseUrl url, Pooling pooling) {
    values.put("quarkus.datasource.username", RawSetting.literal(url.user()));
    url.password()
        .ifPresent(
            password -> values.put("quarkus.datasource.password", RawSetting.literal(password)));
    if (url.passwordSource().isInFile()) {
      values.put("quarkus.datasource.credentials-provider", DatabaseCredentials.NAME);
      values.put("quarkus.datasource.credentials-provider-name", DatabaseCredentials.NAME);
    }
    if (pooling != Pooling.NONE) {
      values.put(
          "quarkus.datasource.jdbc.new-connection-sql", "SET lock_timeout = " + LOCK_TIMEOUT);
    }
    values.put(
        "quarkus.datasource.jdbc.url",
        RawSetting.literal(url.jdbcUrl(ddlParameters(url, pooling))));
  }

  private static Map<String, String> ddlParameters(DatabaseUrl url, Pooling pooling) {
    Map<String, String> parameters = new HashMap<>();
    parameters.put("ApplicationName", DDL_APPLICATION_NAME);
    parameters.put("connectTimeout", CONNECT_TIMEOUT);
    // until the login is done: schema changes lift it from their sessions
    parameters.put("socketTimeout", CONNECT_TIMEOUT);
    parameters.put("tcpKeepAlive", "true");
    if (pooling == Pooling.NONE) {
      String given = url.options().map(options -> options + " ").orElse("");
      parameters.put("options", given + "-c lock_timeout=" + LOCK_TIMEOUT);
    }
    return parameters;
  }

  private static void put(Map<String, String> values, String user, String password, String roles) {
    values.put(USERS + user, RawSetting.literal(password));
    values.put(ROLES + user, roles);
  }
}
