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

  /** What a slower pace keeps: the factor of CUBIC (RFC 9438, 4.6); RFC 5681 has a half. */
  static final double DECREASE = 0.7;

  /** What a second without objections adds: from the minimum to the free pace in 20 seconds. */
  static final double INCREASE_PER_SECOND = 0.05;

  /**
   * The same beside requests. What is read of them is of the last window: until it shows what the
   * pace does, that has grown by 0.06, and would have by 0.15 with the step above.
   */
  static final double INCREASE_BESIDE_REQUESTS = 0.02;

  /** The most while something asks for half of the free pace. */
  static final double HALF = 0.5;

  /**
   * From one decrease to the next: what is read then is not about the time before the first one. A
   * sender of TCP gets slower once in a round trip for the same reason.
   */
  static final Duration REACTION = ServiceReadings.WINDOW;

  private double share = 1;
  private boolean begun;
  private long changedAt;
  private long decreasedAt;

  /** The next call begins at the minimum. */
  void begin() {
    share = MIN;
    begun = false;
  }

  /**
   * Takes what all indicators ask for at a time of {@link System#nanoTime}, and gives the share
   * until the next call.
   *
   * @param besideRequests whether this process has enough requests to judge by
   */
  double next(Set<Signal> signals, boolean besideRequests, long nanos) {
    if (signals.contains(Signal.MINIMUM)) {
      share = MIN;
      decreasedAt = nanos;
    } else if (signals.contains(Signal.SLOW)) {
      decrease(nanos);
    } else if (!signals.contains(Signal.HOLD)) {
      double seconds = begun ? (nanos - changedAt) / 1e9 : 0;
      double step = besideRequests ? INCREASE_BESIDE_REQUESTS : INCREASE_PER_SECOND;
      share = Math.min(1, share + step * Math.max(0, seconds));
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
