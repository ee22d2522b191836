package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.migration.IndicatorName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How far standbys of the primary and the replicas that reads go to are behind, against {@code
 * BACKFILL_MAX_REPLICA_LAG}. gh-ost (1.5 s) and pt-online-schema-change (1 s) pause at their bound;
 * this one slows down at half of its bound, so that it is not reached.
 */
public final class ReplicaLag implements Indicator {
  private final Duration bound;

  /**
   * @param bound above it the pace is the minimum, above half of it slower
   */
  public ReplicaLag(Duration bound) {
    this.bound = bound;
  }

  @Override
  public IndicatorName name() {
    return IndicatorName.REPLICA_LAG;
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    Optional<Double> lag = seen.database().flatMap(ReplicaLag::standbys);
    Optional<Double> named = seen.replicas().flatMap(ReplicaLag::named);
    if (lag.isEmpty() || named.isEmpty()) {
      return Reading.unknown(
          name(), "the lag of a replica cannot be read: see the log, or GRANT pg_monitor");
    }
    double seconds = Math.max(lag.get(), named.get());
    double limit = bound.toMillis() / 1000.0;
    return Reading.bounded(
        name(),
        seconds,
        limit,
        Reading.format("a replica is %.1f s behind, bound %.1f s", seconds, limit));
  }

  private static Optional<Double> standbys(DatabaseReading read) {
    return read.hiddenStandbys() > 0 ? Optional.empty() : Optional.of(read.standbyLag());
  }

  /** Empty if one cannot be read, whatever the others say. */
  private static Optional<Double> named(List<ReplicaReading> replicas) {
    return replicas.stream().anyMatch(each -> each.problem().isPresent() || each.lag().isEmpty())
        ? Optional.empty()
        : Optional.of(
            replicas.stream()
                .flatMap(each -> each.lag().stream())
                .mapToDouble(lag -> lag.toMillis() / 1000.0)
                .max()
                .orElse(0));
  }
}
