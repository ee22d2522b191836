package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import java.time.Duration;

/**
 * Dead rows of the table that autovacuum does not remove. A backfill leaves one for each row that
 * it changes; autovacuum begins at {@code autovacuum_vacuum_threshold} and {@code
 * autovacuum_vacuum_scale_factor} (50 rows and 20 % of the table) and looks every {@code
 * autovacuum_naptime} (1 min). Twice of that for five of these looks means that it does not come:
 * every index and every scan gets longer, and a slower backfill is the only thing that helps.
 */
public final class DeadTuples implements Indicator {
  /** Twice of what starts an autovacuum. */
  static final double FACTOR = 2;

  /** Five times autovacuum_naptime. */
  static final Duration OVERDUE = Duration.ofMinutes(5);

  private final Lasting many = new Lasting();

  @Override
  public IndicatorName name() {
    return IndicatorName.DEAD_TUPLES;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    if (table.deadRows().isEmpty()) {
      return Reading.unknown(name(), "dead rows are not known: the table, or track_counts");
    }
    long dead = table.deadRows().get();
    double limit = FACTOR * table.vacuumedFrom();
    // those that a vacuum removes now are not overdue
    boolean waits = dead > limit && table.maintainedBy().isEmpty();
    Duration lasts = many.of(table.name(), waits, seen.nanos());
    String text =
        Reading.format(
            "%,d dead rows, autovacuum begins at %,.0f, above the double for %d s",
            dead, table.vacuumedFrom(), lasts.toSeconds());
    return lasts.compareTo(OVERDUE) > 0
        ? new Reading(name(), Signal.SLOW, text, true)
        : Reading.calm(name(), text);
  }
}
