package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.ServiceReadings;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The WAL of the whole server against the checkpoints that it forces. PostgreSQL itself warns of
 * checkpoints that WAL forces more often than every {@code checkpoint_warning} (30 s): each makes
 * the first change of every page write the whole page again, so more WAL, and writes out what the
 * clients wait for. GitLab's migrations stop at a rate of WAL as well, one that its operators set.
 */
public final class WalRate implements Indicator {
  private static final double WARNING_SECONDS = 30;
  private static final double MIB = 1 << 20;

  private final Deque<Sample> samples = new ArrayDeque<>();

  @Override
  public IndicatorName name() {
    return IndicatorName.WAL_RATE;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    return seen.database()
        .map(read -> judge(read, perSecond(seen.nanos(), read.wal())))
        .orElseGet(() -> Reading.unknown(name(), "the database was not read"));
  }

  private Reading judge(DatabaseReading read, double bytes) {
    double warning = read.checkpointWarning() > 0 ? read.checkpointWarning() : WARNING_SECONDS;
    double limit = read.checkpointBytes() / warning;
    return Reading.of(
        name(),
        bytes,
        limit,
        Reading.format(
            "%.1f MiB/s of WAL, limit %.1f MiB/s: a checkpoint every %.0f s",
            bytes / MIB, limit / MIB, warning));
  }

  /** Over the same time as requests are looked at: what came before the last change of pace. */
  private double perSecond(long nanos, long wal) {
    samples.addLast(new Sample(nanos, wal));
    while (samples.size() > 2
        && nanos - samples.getFirst().nanos() > ServiceReadings.WINDOW.toNanos()) {
      samples.removeFirst();
    }
    Sample first = samples.getFirst();
    return nanos == first.nanos() ? 0 : (wal - first.wal()) * 1e9 / (nanos - first.nanos());
  }

  private record Sample(long nanos, long wal) {}
}
