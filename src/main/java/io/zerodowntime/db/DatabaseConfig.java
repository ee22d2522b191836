package io.zerodowntime.db;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Turns {@code DATABASE_URL}, {@code READ_REPLICA_URL}, {@code OPERATOR_PASSWORD} and {@code
 * VIEWER_PASSWORD} into the configuration of the database clients and of the users. What is absent
 * or blank yields nothing.
 */
public final class DatabaseConfig implements ConfigSourceFactory {
  /** The name that DDL sessions show in {@code pg_stat_activity}. */
  public static final String DDL_APPLICATION_NAME = "zerodowntime-ddl";

  /** The name that all other sessions show, before the one that the URL says. */
  public static final String APPLICATION_NAME = "zerodowntime";

  /** The system property by which the preflight says what the server made of the URL's mode. */
  public static final String SSL_MODE = "zerodowntime.database.sslmode";

  /** In seconds. */
  private static final String CONNECT_TIMEOUT = "5";

  /** Above application.properties (250), below the environment (300). */
  private static final int ORDINAL = 275;

  private static final String REACTIVE = "quarkus.datasource.reactive.";
  private static final String USERS = "quarkus.security.users.embedded.users.";
  private static final String ROLES = "quarkus.security.users.embedded.roles.";

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    Map<String, String> values = new HashMap<>();
    raw(context, "DATABASE_URL")
        .map(DatabaseUrl::parse)
        .map(url -> raw(context, SSL_MODE).map(SslMode::of).map(url::withSslMode).orElse(url))
        .ifPresent(url -> put(values, url));
    raw(context, "READ_REPLICA_URL")
        .ifPresent(
            urls -> {
              values.put(ReplicaSettings.URLS, literal(urls));
              values.put(ReplicaSettings.LOOK, "1s");
            });
    raw(context, "OPERATOR_PASSWORD")
        .ifPresent(password -> put(values, "operator", password, "operator,viewer"));
    raw(context, "VIEWER_PASSWORD")
        .ifPresent(password -> put(values, "viewer", password, "viewer"));
    return List.of(new PropertiesConfigSource(values, "DATABASE_URL", ORDINAL));
  }

  @Override
  public OptionalInt getPriority() {
    return OptionalInt.of(ORDINAL);
  }

  private static void put(Map<String, String> values, DatabaseUrl url) {
    values.put("quarkus.datasource.username", literal(url.user()));
    url.password()
        .ifPresent(password -> values.put("quarkus.datasource.password", literal(password)));
    values.put("quarkus.datasource.jdbc.url", literal(url.jdbcUrl(ddlParameters(url))));
    values.put(REACTIVE + "url", literal(url.reactiveUrl(APPLICATION_NAME)));
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
              values.put(REACTIVE + "trust-certificate-pem.certs", literal(file));
            });
  }

  private static Map<String, String> ddlParameters(DatabaseUrl url) {
    String given = url.options().map(options -> options + " ").orElse("");
    return Map.of(
        "ApplicationName",
        DDL_APPLICATION_NAME,
        "options",
        given + "-c lock_timeout=1000",
        "connectTimeout",
        CONNECT_TIMEOUT,
        "tcpKeepAlive",
        "true");
  }

  private static void put(Map<String, String> values, String user, String password, String roles) {
    values.put(USERS + user, literal(password));
    values.put(ROLES + user, roles);
  }

  /** As it was written: a dollar sign in a password does not begin an expression. */
  private static Optional<String> raw(ConfigSourceContext context, String name) {
    return Optional.ofNullable(context.getValue(name))
        .map(ConfigValue::getRawValue)
        .filter(value -> !value.isBlank());
  }

  /** What the configuration reads back as {@code text}. */
  private static String literal(String text) {
    return text.replace("$", "\\$");
  }
}
