package io.zerodowntime.http.login;

import io.zerodowntime.testing.EngineProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * With an issuer whose port is free: a test starts it when it wants it. Orders are for clients that
 * have the role {@code shop}, ten passwords are looked at, and the test itself is the proxy that is
 * trusted.
 */
public class TokenProfile extends EngineProfile {
  static final String AUDIENCE = "orders-service";

  public TokenProfile() {
    this(new String[0]);
  }

  /** With more settings: a name, its value, and so on. */
  protected TokenProfile(String... settings) {
    super(with(settings));
  }

  private static String[] with(String... settings) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "OIDC_ISSUER_URL", "http://localhost:" + freePort(),
                "OIDC_AUDIENCE", AUDIENCE,
                "OIDC_ROLES_CLAIM", "realm_access/roles",
                "OIDC_OPERATOR_ROLES", "migrators,admins",
                "OIDC_CLIENT_ROLES", "shop",
                "ORDERS_LOGIN_REQUIRED", "true",
                "client.trusted-proxies", "127.0.0.0/8,::1",
                "login.guesses", "10",
                "quarkus.oidc.token.forced-jwk-refresh-interval", "100ms"));
    all.addAll(List.of(settings));
    return all.toArray(String[]::new);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
