package io.zerodowntime.db;

import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.TrustManagerFactory;

/** How the client connects to a server of its own: as to the primary, but for what its URL says. */
final class ServerOptions {
  private ServerOptions() {}

  /**
   * {@code prefer} and {@code allow} are what the primary's server made of its own URL: servers of
   * one cluster agree about TLS.
   */
  static PgConnectOptions of(DatabaseUrl url, PgConnectOptions primary) {
    PgConnectOptions options = new PgConnectOptions(primary);
    options
        .setHost(url.host())
        .setPort(url.port())
        .setDatabase(url.database())
        .setUser(url.user())
        .setPassword(url.password().orElse(""))
        .setProperties(properties(url, primary));
    if (url.sslMode() != SslMode.PREFER && url.sslMode() != SslMode.ALLOW) {
      encrypt(url, options);
    }
    return options;
  }

  private static Map<String, String> properties(DatabaseUrl url, PgConnectOptions primary) {
    Map<String, String> properties = new HashMap<>(primary.getProperties());
    properties.put("application_name", url.sessionName(DatabaseConfig.APPLICATION_NAME));
    properties.remove("options");
    url.options().ifPresent(text -> properties.put("options", text));
    return properties;
  }

  private static void encrypt(DatabaseUrl url, PgConnectOptions options) {
    options
        .setSslMode(io.vertx.pgclient.SslMode.of(url.sslMode().label()))
        .setTrustAll(!url.sslMode().verifies())
        .setHostnameVerificationAlgorithm(url.sslMode() == SslMode.VERIFY_FULL ? "HTTPS" : "");
    if (url.sslMode().verifies()) {
      options.setTrustOptions(
          url.rootCertificate()
              .<TrustOptions>map(file -> new PemTrustOptions().addCertPath(file))
              .orElseGet(ServerOptions::runtime));
    }
  }

  /** The authorities that the Java runtime trusts. */
  private static TrustOptions runtime() {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      return TrustOptions.wrap(factory.getTrustManagers()[0]);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the Java runtime has no authorities to trust", e);
    }
  }
}
