package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.ServiceReadings;
import io.zerodowntime.migration.backfill.indicator.Signal;
import java.time.Duration;
import java.util.Set;

/**
 * The share of the free pace that a run has: additive increase, multiplicative decrease, as TCP
 * finds what a path carries (RFC 5681). Several processes that follow the same rule come to equal
 * shares, whatever each began with. Not thread-safe.
 */
final class PaceShare {
  /**
   * The least: at half load it leaves two batches of 10 ms a second, or eight of 2.5 ms. A pace
   * that stops altogether would never see that it may go on.
   */
  static final double MIN = 0.04;

  /** What a slower pace keeps: TCP's half. */
  static final double DECREASE = 0.5;

  /** What a second without objections adds: from the minimum to the free pace in 20 seconds. */
  static final double INCREASE_PER_SECOND = 0.05;

  /** The most while something asks for half of the free pace. */
  static final double HALF = 0.5;

  /**
   * From one decrease to the next: what is read then is not about the time before the first one. A
   * sender of TCP halves once in a round trip for the same reason.
   */
  static final Duration REACTION = ServiceReadings.WINDOW;

  private double share = 1;
  private boolean begun;
  private long changedAt;
  private long decreasedAt;

  /**
   * Takes what all indicators ask for at a time of {@link System#nanoTime}, and gives the share
   * until the next call.
   */
  double next(Set<Signal> signals, long nanos) {
    if (signals.contains(Signal.MINIMUM)) {
      share = MIN;
      decreasedAt = nanos;
    } else if (signals.contains(Signal.SLOW)) {
      decrease(nanos);
    } else if (!signals.contains(Signal.HOLD)) {
      double seconds = begun ? (nanos - changedAt) / 1e9 : 0;
      share = Math.min(1, share + INCREASE_PER_SECOND * Math.max(0, seconds));
    }
    if (signals.contains(Signal.HALF)) {
      share = Math.min(share, HALF);
    }
    begun = true;
    changedAt = nanos;
    return share;
  }

  private void decrease(long nanos) {
    if (share == 1 || nanos - decreasedAt >= REACTION.toNanos()) {
      share = Math.max(MIN, share * DECREASE);
      decreasedAt = nanos;
    }
  }
}
