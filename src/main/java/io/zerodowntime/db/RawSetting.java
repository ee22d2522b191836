package io.zerodowntime.db;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigValue;
import java.util.Optional;

/**
 * Settings that are taken as they were written: a dollar sign in a password does not begin an
 * expression.
 */
public final class RawSetting {
  private RawSetting() {}

  /** Empty if it is missing or blank. */
  public static Optional<String> of(ConfigSourceContext context, String name) {
    return Optional.ofNullable(context.getValue(name))
        .map(ConfigValue::getRawValue)
        .filter(value -> !value.isBlank());
  }

  /** What the configuration reads back as {@code text}. */
  public static String literal(String text) {
    return text.replace("$", "\\$");
  }
}
