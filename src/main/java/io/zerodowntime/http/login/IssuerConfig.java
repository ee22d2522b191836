package io.zerodowntime.http.login;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import io.zerodowntime.db.RawSetting;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Turns {@code OIDC_ISSUER_URL}, {@code OIDC_AUDIENCE} and {@code OIDC_ROLES_CLAIM} into the
 * configuration of Quarkus' extension. Without an issuer it yields nothing, and no token is read.
 */
public final class IssuerConfig implements ConfigSourceFactory {
  /** The property that says which issuer's tokens are accepted; absent without one. */
  static final String ISSUER = "quarkus.oidc.token.issuer";

  private static final String URL = "OIDC_ISSUER_URL";
  private static final String AUDIENCE = "OIDC_AUDIENCE";
  private static final String ROLES_CLAIM = "OIDC_ROLES_CLAIM";

  /** Above application.properties (250), below the environment (300). */
  private static final int ORDINAL = 275;

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    Map<String, String> values = new HashMap<>();
    RawSetting.of(context, URL)
        .map(String::strip)
        .ifPresent(
            issuer -> {
              values.put("quarkus.oidc.tenant-enabled", "true");
              values.put("quarkus.oidc.auth-server-url", RawSetting.literal(checked(issuer)));
              values.put(ISSUER, RawSetting.literal(issuer));
              values.put("quarkus.oidc.token.audience", RawSetting.literal(audience(context)));
              values.put(
                  "quarkus.oidc.roles.role-claim-path",
                  RawSetting.literal(RawSetting.of(context, ROLES_CLAIM).orElse("groups")));
            });
    return List.of(new PropertiesConfigSource(values, URL, ORDINAL));
  }

  @Override
  public OptionalInt getPriority() {
    return OptionalInt.of(ORDINAL);
  }

  private static String checked(String issuer) {
    try {
      URI uri = new URI(issuer);
      if (List.of("https", "http").contains(String.valueOf(uri.getScheme()))
          && uri.getHost() != null
          && uri.getQuery() == null
          && uri.getFragment() == null) {
        return issuer;
      }
    } catch (URISyntaxException e) {
      throw new ConfigurationException(URL + " cannot be read: " + e.getMessage());
    }
    throw new ConfigurationException(
        URL + " must be https://host[:port][/path] as the issuer's tokens have it, not " + issuer);
  }

  /** Without it a token for any other service of the same issuer would be one for this one. */
  private static String audience(ConfigSourceContext context) {
    return RawSetting.of(context, AUDIENCE)
        .orElseThrow(
            () ->
                new ConfigurationException(
                    URL + " needs " + AUDIENCE + ": what a token for this service has as aud"));
  }
}
