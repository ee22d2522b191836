package io.zerodowntime.http;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import io.zerodowntime.db.RawSetting;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Turns {@code SESSION_KEY} into the key that encrypts the console's session cookies. Without it
 * the process makes one up: its sessions then end with it, and no other instance knows them.
 */
public final class SessionKeyConfig implements ConfigSourceFactory {
  private static final String VARIABLE = "SESSION_KEY";
  private static final String PROPERTY = "quarkus.http.auth.session.encryption-key";
  private static final int SHORTEST = 32;
  private static final int RANDOM_BYTES = 32;

  /** Above application.properties (250), below the environment (300). */
  private static final int ORDINAL = 275;

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    String key = RawSetting.of(context, VARIABLE).orElseGet(SessionKeyConfig::random);
    if (key.length() < SHORTEST) {
      throw new ConfigurationException(
          VARIABLE + " must have at least " + SHORTEST + " characters, and has " + key.length());
    }
    return List.of(
        new PropertiesConfigSource(Map.of(PROPERTY, RawSetting.literal(key)), VARIABLE, ORDINAL));
  }

  @Override
  public OptionalInt getPriority() {
    return OptionalInt.of(ORDINAL);
  }

  private static String random() {
    byte[] key = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(key);
    return Base64.getEncoder().encodeToString(key);
  }
}
