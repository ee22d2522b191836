package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.ThrottleReason;
import java.time.Duration;

/**
 * One worker's adaptive pace. The batch size follows the time that batches take: the next size is
 * the last one times target over actual time, at most doubled or halved at once, so that row locks
 * are held for about {@linkplain Pacing#batch the target} however slow the rows are. After a batch
 * that gave way to a locked row it is half of that one, and grows slowly for a while. The delay
 * keeps the worker's share of working time at the target load. Neither exceeds the operator's
 * limits. Not thread-safe.
 *
 * <p>That is the free pace. With a {@linkplain #throttle share} of it, batches are further apart.
 * There is a batch a second at least, as long as the free pace has one; where the share leaves
 * less, that batch is smaller.
 *
 * <p>A part of the time of each batch does not depend on its rows: the way to the server and back,
 * and the wait for a processor. So neither a short target nor a small share takes a batch below 100
 * rows, or 1,000 that are only compared, while these take at most {@link Pacing#ALONE}: it would
 * have fewer and fewer rows, and take as long. Both take about 2 ms of work.
 */
final class Pace {
  private static final int FIRST_SIZE = 500;
  private static final int FEWEST_CHANGED = 100;
  private static final int FEWEST_COMPARED = 1000;
  private static final double GROWTH = 2;
  private static final double CAREFUL_GROWTH = 1.1;

  private static final Duration FIRST_WAIT = Duration.ofMillis(20);
  private static final Duration LONGEST_WAIT = Duration.ofMillis(200);
  private static final double LONGEST_CYCLE_MILLIS = 1000;

  private final int leastRows;
  private Run.Limits limits;
  private Duration othersWait = FIRST_WAIT;
  private int size = FIRST_SIZE;
  private int least;
  private double growth = GROWTH;
  private Duration delay = Duration.ZERO;
  private Duration throttleDelay = Duration.ZERO;
  private Pacing pacing = Pacing.FREE;
  private double freeCycleMillis;
  private boolean skipsLocked;

  Pace(Run.Limits limits, RunKind kind) {
    this.limits = limits;
    this.leastRows = kind == RunKind.PARITY ? FEWEST_COMPARED : FEWEST_CHANGED;
    this.least = leastRows;
  }

  /** What the operator allowed when the last batch was committed. */
  Run.Limits limits() {
    return limits;
  }

  /** Sets how much of the free pace the next batch may have. */
  void throttle(Pacing now) {
    pacing = now;
  }

  /** The part of a batch that one a second leaves for the share of the free pace. */
  private double part() {
    double free = Math.max(1, freeCycleMillis);
    return Math.min(1, Math.max(LONGEST_CYCLE_MILLIS, free) * pacing.share() / free);
  }

  /** Rows that the next batch may have. */
  int size() {
    int free = freeSize();
    return (int) Math.max(1, Math.max(Math.min(free, least), free * part()));
  }

  private int freeSize() {
    return Math.min(size, limits.batchSize());
  }

  /** Whether the next batch passes over locked rows: one time after each that met some. */
  boolean skipsLocked() {
    return skipsLocked;
  }

  /** The pause before the next batch at the free pace. */
  Duration delay() {
    return delay;
  }

  /** The pause behind it, for the share of the free pace; one second at most. */
  Duration throttleDelay() {
    return throttleDelay;
  }

  /** Why there is that pause. */
  ThrottleReason throttleReason() {
    return pacing.reason().orElse(ThrottleReason.General.RECOVERY);
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
    throttleDelay = Duration.ZERO;
    double free = freeSize(); // rows that it would have had at the free pace
    double part = asked / free;
    if (result.status() == BatchResult.BatchStatus.GAVE_WAY) {
      size = (int) Math.max(1, free / 2);
      growth = CAREFUL_GROWTH;
      delay = Duration.ZERO;
      return;
    }
    limits = result.limits();
    double millis = Math.max(0.1, result.took().toNanos() / 1e6);
    if (result.status() == BatchResult.BatchStatus.WORKED && result.scanned() == asked) {
      least = Math.min(leastRows, rows(asked, Pacing.ALONE.toNanos() / 1e6 / millis));
      double target = pacing.batch().toNanos() / 1e6;
      size = Math.max(rows(free, target * part / millis), Math.min(least, rows(free, growth)));
      growth = Math.min(GROWTH, growth * CAREFUL_GROWTH);
    }
    double rest = Math.min(millis * (1 / limits.targetLoad() - 1), limits.delay().toNanos() / 1e6);
    delay = nanos(rest);
    freeCycleMillis = (millis + rest) / part;
    double cycle = Math.min((millis + rest) / pacing.share(), LONGEST_CYCLE_MILLIS);
    throttleDelay = nanos(Math.max(0, cycle - millis - rest));
  }

  private int rows(double before, double factor) {
    double now = Math.ceil(before * Math.max(0.5, Math.min(growth, factor)));
    return (int) Math.max(1, Math.min(now, Run.Limits.MAX_BATCH_SIZE));
  }

  private static Duration nanos(double millis) {
    return Duration.ofNanos((long) (millis * 1e6));
  }
}
