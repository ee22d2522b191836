package io.zerodowntime.migration.backfill.indicator;

import java.util.Optional;

/**
 * How slow something is without a run: a moving average of what was read while workers rest. Never
 * of what is read beside them, or the run itself would become what it is judged by. Thread-safe.
 */
final class Baseline {
  /**
   * What a run may add, as a factor: the goal of a p99 beside a backfill that is at most 1.2 times
   * the one without. pt-online-schema-change has the same for its {@code --max-load}: the value at
   * its start and 20 %.
   */
  static final double ALLOWED = 1.2;

  /**
   * The part of a new reading in the average: with one reading a second it follows within 10
   * seconds, with the three readings of each {@code baseline} pause within four minutes.
   */
  private static final double WEIGHT = 0.1;

  private final double slack;
  private double average;
  private boolean known;

  /**
   * @param slack what a run may add at least, in the unit of the readings: a limit that is closer
   *     to the baseline than readings are exact would be crossed by chance
   */
  Baseline(double slack) {
    this.slack = slack;
  }

  synchronized void learn(double reading) {
    average = known ? average + WEIGHT * (reading - average) : reading;
    known = true;
  }

  /** Empty until there was a reading. */
  synchronized Optional<Double> value() {
    return known ? Optional.of(average) : Optional.empty();
  }

  /** Above this a run must be slower. */
  Optional<Double> limit() {
    return value().map(now -> Math.max(now * ALLOWED, now + slack));
  }
}
