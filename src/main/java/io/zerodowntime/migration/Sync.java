package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.quarkus.runtime.annotations.RegisterForReflection;

/** What triggers do about statements that know nothing of the migration. */
@RegisterForReflection
public enum Sync {
  /** There are none. */
  OFF,
  /** They keep the other side right. */
  COPY,
  /** They change no row, and record who wrote one side only. */
  DETECT;

  /**
   * As a file of definitions says it.
   *
   * @param text {@code true}, {@code false} or {@code detect}
   * @throws IllegalArgumentException if it is anything else
   */
  @JsonCreator
  static Sync of(String text) {
    return switch (text) {
      case "false" -> OFF;
      case "true" -> COPY;
      case "detect" -> DETECT;
      default -> throw new IllegalArgumentException("sync must be true, false or detect: " + text);
    };
  }
}
