package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;

/**
 * Sessions of the database that wait for a lock, against {@code BACKFILL_MAX_LOCK_WAITS}. gh-ost
 * and pt-online-schema-change stop at a number of running threads (25 in both manuals); a session
 * that only runs hurts no other one here, one that waits does.
 */
public final class LockWaits implements Indicator {
  private final int bound;

  /**
   * @param bound above it the pace is the minimum, above half of it slower
   */
  public LockWaits(int bound) {
    this.bound = bound;
  }

  @Override
  public IndicatorName name() {
    return IndicatorName.LOCK_WAITS;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    return seen.database()
        .map(
            read ->
                Reading.bounded(
                    name(),
                    (double) read.lockWaits(),
                    bound,
                    Reading.format(
                        "%d sessions wait for a lock, bound %d", read.lockWaits(), bound)))
        .orElseGet(() -> Reading.unknown(name(), "the database was not read"));
  }
}
