package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.ServiceReading;
import java.util.Optional;

/**
 * How long statements of requests wait for a connection, on average, against what it is without a
 * run. Requests that are answered more slowly keep their connections for longer, so a full pool is
 * the first that turns a slower database into errors.
 */
public final class PoolWait implements Indicator {
  /** Less is the hand-over of a connection, not a queue; waits of workers count from there too. */
  private static final double SLACK_MILLIS = 1;

  private final Baseline baseline = new Baseline(SLACK_MILLIS);

  @Override
  public IndicatorName name() {
    return IndicatorName.POOL_WAIT;
  }

  /** Takes note of what statements wait while no worker works. */
  public void learn(ServiceReading service) {
    service.poolWaitMillis().ifPresent(baseline::learn);
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    Optional<Double> now = seen.service().poolWaitMillis();
    double limit = baseline.limit().orElse(SLACK_MILLIS);
    return now.map(
            millis ->
                Reading.of(
                    name(),
                    millis,
                    limit,
                    Reading.format("statements wait %.1f ms, limit %.1f ms", millis, limit)))
        .orElseGet(() -> Reading.calm(name(), "no statements of requests"));
  }
}
