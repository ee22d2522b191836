package io.zerodowntime.fault;

import io.zerodowntime.testing.Timeouts;
import java.time.Duration;

/**
 * How long things last.
 *
 * @param deadline of a request, as the service is told
 * @param duration of a fault, longer than a client waits
 * @param recovery for the recovery after it
 */
record FaultTiming(Duration deadline, Duration duration, Duration recovery) {
  private static final FaultTiming SHORT =
      new FaultTiming(Duration.ofSeconds(2), Duration.ofSeconds(7), Duration.ofSeconds(30));
  private static final FaultTiming LONG =
      new FaultTiming(Duration.ofSeconds(5), Duration.ofSeconds(20), Duration.ofSeconds(60));

  /** The short one, unless the property faults.long is set. */
  static FaultTiming chosen() {
    return isLong() ? LONG : SHORT;
  }

  static boolean isLong() {
    String value = System.getProperty("faults.long");
    return value != null && !value.equals("false");
  }

  /** A regular expression of the faults to be run; empty for all. */
  static String only() {
    return System.getProperty("faults.only", "");
  }

  /** How long a client waits for an answer. */
  Duration limit() {
    return deadline.plus(Timeouts.ANSWER_MARGIN);
  }
}
