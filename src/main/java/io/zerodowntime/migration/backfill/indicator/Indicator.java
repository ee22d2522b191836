package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;

/** One thing that a run may spoil. Called by one thread at a time. */
public interface Indicator {
  IndicatorName name();

  /**
   * Judges what was read. The same observation may be judged for several tables.
   *
   * @param table of the run; everything else is the same for all runs
   */
  Reading read(Observation seen, TableReading table);
}
