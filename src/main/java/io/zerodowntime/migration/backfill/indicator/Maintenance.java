package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import java.time.Duration;

/**
 * Vacuum, analyze, an index build or a validation of the table: all keep SHARE UPDATE EXCLUSIVE,
 * which every role may see, while their progress is hidden from most. GitLab's migrations stop
 * while an autovacuum works on their table. Here the pace is at most half: the vacuum of a large
 * table takes hours, and one that shares its pages with half of a backfill still comes to its end.
 */
public final class Maintenance implements Indicator {
  /** An ANALYZE reads 30,000 rows (300 times default_statistics_target) and is over before. */
  static final Duration SHORT = Duration.ofSeconds(5);

  private final Lasting maintained = new Lasting();

  @Override
  public IndicatorName name() {
    return IndicatorName.MAINTENANCE;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    if (seen.database().isEmpty()) {
      return Reading.unknown(name(), "the database was not read");
    }
    boolean now = table.maintainedBy().isPresent();
    Duration lasts = maintained.of(table.name(), now, seen.nanos());
    return now
        ? new Reading(
            name(),
            lasts.compareTo(SHORT) > 0 ? Signal.HALF : Signal.RISE,
            Reading.format(
                "pid %d vacuums or analyzes the table, builds an index or validates, for %d s",
                table.maintainedBy().get(), lasts.toSeconds()),
            true)
        : Reading.calm(name(), "no vacuum and no index build on the table");
  }
}
