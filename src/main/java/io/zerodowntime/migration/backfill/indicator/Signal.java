package io.zerodowntime.migration.backfill.indicator;

import java.util.Locale;

/** What an indicator asks of the pace, from the mildest to the strictest. */
public enum Signal {
  /** The pace may rise. */
  RISE,
  /** The pace stays as it is: what was read is near its limit. */
  HOLD,
  /** At most half of the free pace, for as long as it lasts. */
  HALF,
  /** Half of what the pace is, again and again while it lasts. */
  SLOW,
  /** The minimum, at once. */
  MINIMUM;

  /** As it stands in the status. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
