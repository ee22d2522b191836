package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.ThrottleReason;
import java.util.Locale;

/**
 * What an indicator read, and what it asks for.
 *
 * @param text what was read with its limit, for people
 * @param known false if it could not be read
 */
public record Reading(IndicatorName indicator, Signal signal, String text, boolean known) {
  /**
   * The part of a limit below which the pace may rise again. Between the two it stays, so that it
   * does not swing about the limit.
   */
  static final double RELEASE = 0.9;

  /** A value against the limit above which it asks for a slower pace. */
  static Reading of(IndicatorName indicator, double value, double limit, String text) {
    Signal signal =
        value > limit ? Signal.SLOW : value > limit * RELEASE ? Signal.HOLD : Signal.RISE;
    return new Reading(indicator, signal, text, true);
  }

  /**
   * A value against the bound of an operator: a slower pace above half of it, the minimum above it.
   * A bound that is kept only by crossing it would be crossed all the time.
   */
  static Reading bounded(IndicatorName indicator, double value, double bound, String text) {
    return value > bound
        ? new Reading(indicator, Signal.MINIMUM, text, true)
        : of(indicator, value, bound / 2, text);
  }

  /** What could not be read asks for a slower pace. */
  static Reading unknown(IndicatorName indicator, String why) {
    return new Reading(indicator, Signal.SLOW, why, false);
  }

  /** What has nothing against a faster pace. */
  static Reading calm(IndicatorName indicator, String text) {
    return new Reading(indicator, Signal.RISE, text, true);
  }

  /** The same, which lets the pace stay as it is. */
  Reading held() {
    return new Reading(indicator, Signal.HOLD, text, known);
  }

  /** Why workers wait: the indicator, and whether it could be read. */
  public ThrottleReason reason() {
    return new ThrottleReason.Indicated(indicator, known);
  }

  static String format(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }
}
