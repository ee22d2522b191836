package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import java.time.Duration;

/**
 * A transaction, a prepared one or a replication slot that keeps vacuum from removing what a
 * backfill leaves. When it began is hidden for sessions of other roles, what it may still see is
 * not: a transaction id that stays the oldest one from look to look is as old as it is known.
 */
public final class LongTransactions implements Indicator {
  /** As long as a comparison of this program may keep one: the default of PARITY_SNAPSHOT_LIMIT. */
  static final Duration LIMIT = Duration.ofMinutes(5);

  private final Lasting oldest = new Lasting();

  @Override
  public IndicatorName name() {
    return IndicatorName.LONG_TRANSACTIONS;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    return seen.database()
        .map(read -> judge(read, seen.nanos()))
        .orElseGet(() -> Reading.unknown(name(), "the database was not read"));
  }

  /** At most half: that transaction may be a dump of hours, and a slower backfill ends none. */
  private Reading judge(DatabaseReading read, long nanos) {
    Duration known = oldest.only(read.oldest().orElse(""), nanos);
    double seconds =
        read.oldest().isEmpty() ? 0 : Math.max(read.oldestSeconds(), known.toMillis() / 1000.0);
    return new Reading(
        name(),
        seconds > LIMIT.toSeconds() ? Signal.HALF : Signal.RISE,
        Reading.format(
            "the oldest transaction has lasted %.0f s, limit %d s", seconds, LIMIT.toSeconds()),
        true);
  }
}
