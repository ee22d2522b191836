package io.zerodowntime.db;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.microprofile.config.Config;

/**
 * The servers of {@code DATABASE_URL} and {@code DATABASE_DIRECT_URL}, and the files that hold
 * their passwords.
 */
@Singleton
public class DatabaseServers {
  /** The property with the URL that requests use, as it is to be used. */
  static final String URL = "zerodowntime.database.url";

  /** The property with the URL of sessions that must not be shared; not set without a pooler. */
  static final String DIRECT_URL = "zerodowntime.database.direct-url";

  /** How often the hosts that are not used are looked at; not set where there is one host. */
  static final String OTHER_HOSTS = "zerodowntime.database.other-hosts";

  private final Optional<DatabaseUrl> primary;
  private final Optional<DatabaseUrl> direct;
  private final Pooling pooling;
  private final Optional<String> passwordFile;
  private final Optional<String> passFile;

  @Inject
  DatabaseServers(Config config) {
    this(
        url(config, URL, DatabaseConfig.SSL_MODE),
        url(config, DIRECT_URL, DatabaseConfig.DIRECT_SSL_MODE),
        text(config, DatabaseConfig.POOLING)
            .map(name -> Pooling.valueOf(name.toUpperCase(Locale.ROOT)))
            .orElse(Pooling.NONE),
        text(config, DatabaseConfig.PASSWORD_FILE),
        text(config, DatabaseConfig.PASS_FILE));
  }

  DatabaseServers(
      Optional<DatabaseUrl> primary,
      Optional<DatabaseUrl> direct,
      Pooling pooling,
      Optional<String> passwordFile,
      Optional<String> passFile) {
    this.passwordFile = passwordFile;
    this.passFile = passFile;
    this.primary = primary.map(this::complete);
    this.direct = direct.map(this::complete);
    this.pooling = pooling;
  }

  private static Optional<DatabaseUrl> url(Config config, String name, String sslMode) {
    return text(config, name)
        .map(DatabaseUrl::parse)
        .map(url -> text(config, sslMode).map(SslMode::of).map(url::withSslMode).orElse(url));
  }

  private static Optional<String> text(Config config, String name) {
    return config.getOptionalValue(name, String.class).filter(each -> !each.isBlank());
  }

  /** Without a URL: the server is what the client's own options say. */
  static DatabaseServers none() {
    return new DatabaseServers(
        Optional.empty(), Optional.empty(), Pooling.NONE, Optional.empty(), Optional.empty());
  }

  Optional<DatabaseUrl> primary() {
    return primary;
  }

  /** For sessions that must not be shared. */
  Optional<DatabaseUrl> direct() {
    return direct;
  }

  /** What stands before the server of {@link #primary}. */
  Pooling pooling() {
    return pooling;
  }

  /** The server of schema changes. */
  Optional<DatabaseUrl> ofSchemaChanges() {
    return direct.or(() -> primary);
  }

  /** A URL with the files that hold its password, if it says nothing about it. */
  DatabaseUrl complete(DatabaseUrl url) {
    return url.withPasswordFiles(passwordFile, passFile);
  }
}
