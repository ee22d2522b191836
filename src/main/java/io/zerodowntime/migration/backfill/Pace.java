package io.zerodowntime.migration.backfill;

import java.time.Duration;

/**
 * One worker's adaptive pace. The batch size follows the time that batches take: the next size is
 * the last one times target over actual time, at most doubled or halved at once, so that row locks
 * are held for about {@link #TARGET} however slow the rows are. After a batch that gave way to a
 * locked row it is half of that one, and grows slowly for a while. The delay keeps the worker's
 * share of working time at the target load. Neither exceeds the operator's limits. Not thread-safe.
 */
final class Pace {
  /** How long a batch should hold its row locks. */
  static final Duration TARGET = Duration.ofMillis(100);

  private static final int FIRST_SIZE = 500;
  private static final double GROWTH = 2;
  private static final double CAREFUL_GROWTH = 1.1;

  private static final Duration FIRST_WAIT = Duration.ofMillis(20);
  private static final Duration LONGEST_WAIT = Duration.ofMillis(200);

  private Run.Limits limits;
  private Duration othersWait = FIRST_WAIT;
  private int size = FIRST_SIZE;
  private double growth = GROWTH;
  private Duration delay = Duration.ZERO;
  private boolean skipsLocked;

  Pace(Run.Limits limits) {
    this.limits = limits;
  }

  /** What the operator allowed when the last batch was committed. */
  Run.Limits limits() {
    return limits;
  }

  /** Rows that the next batch may have. */
  int size() {
    return Math.min(size, limits.batchSize());
  }

  /** Whether the next batch passes over locked rows: one time after each that met some. */
  boolean skipsLocked() {
    return skipsLocked;
  }

  /** The pause before the next batch. */
  Duration delay() {
    return delay;
  }

  /**
   * The pause while others hold every range that is left: 20 ms, doubled each time up to 200 ms.
   */
  Duration waitForOthers() {
    Duration wait = othersWait;
    Duration twice = wait.multipliedBy(2);
    othersWait = twice.compareTo(LONGEST_WAIT) < 0 ? twice : LONGEST_WAIT;
    return wait;
  }

  /** Takes note of a batch of {@code asked} rows at most. */
  void observe(BatchResult result, int asked) {
    // of those that find every range done one worker closes the run, and the others wait for it
    if (result.status() != BatchResult.BatchStatus.BUSY
        && result.status() != BatchResult.BatchStatus.DONE) {
      othersWait = FIRST_WAIT;
    }
    skipsLocked =
        result.status() == BatchResult.BatchStatus.GAVE_WAY
            || result.status() == BatchResult.BatchStatus.LOCKED;
    if (result.status() == BatchResult.BatchStatus.GAVE_WAY) {
      size = Math.max(1, asked / 2);
      growth = CAREFUL_GROWTH;
      delay = Duration.ZERO;
      return;
    }
    limits = result.limits();
    double millis = Math.max(0.1, result.took().toNanos() / 1e6);
    if (result.status() == BatchResult.BatchStatus.WORKED && result.scanned() == asked) {
      double factor = Math.max(0.5, Math.min(growth, TARGET.toMillis() / millis));
      size = (int) Math.max(1, Math.min(Math.ceil(asked * factor), Run.Limits.MAX_BATCH_SIZE));
      growth = Math.min(GROWTH, growth * CAREFUL_GROWTH);
    }
    double rest = millis * (1 / limits.targetLoad() - 1);
    delay = Duration.ofNanos((long) (Math.min(rest, limits.delay().toNanos() / 1e6) * 1e6));
  }
}
