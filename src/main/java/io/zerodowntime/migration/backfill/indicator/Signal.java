package io.zerodowntime.migration.backfill.indicator;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/** What an indicator asks of the pace, from the mildest to the strictest. */
@RegisterForReflection
public enum Signal {
  /** The pace may rise. */
  RISE(0),
  /** The pace stays as it is: what was read is near its limit. */
  HOLD(1),
  /** At most half of the free pace, for as long as it lasts. */
  HALF(2),
  /** Half of what the pace is, again and again while it lasts. */
  SLOW(3),
  /** The minimum, at once. */
  MINIMUM(4);

  private final int level;

  Signal(int level) {
    this.level = level;
  }

  /** As it stands in metrics: the stricter, the higher. */
  public int level() {
    return level;
  }

  /** As it stands in the status. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
