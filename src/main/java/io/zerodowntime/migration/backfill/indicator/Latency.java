package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.migration.ServiceReadings;
import java.time.Duration;
import java.util.Optional;

/**
 * The service's own p95 and p99 against what they are without a run. Only requests of this process
 * count: a process without requests slows no user down by its own work.
 *
 * <p>One stall, of a checkpoint or a collection of garbage, holds up a hundredth of the requests of
 * a window, with or without a run. So a p99 above its limit makes a run slower only if it is there
 * in the next window too, which has no request of the first; a p95 does so at once.
 */
public final class Latency implements Indicator {
  /** Three requests beyond the percentile, or one slow request would be all of it. */
  private static final double ENOUGH_FOR_P95 = 60;

  private static final double ENOUGH_FOR_P99 = 300;

  /**
   * The buckets of requests are 1, 1.5, 2, 3, 4, 5, 7 ms and so on, and the p99 of 3 ms of one
   * window differs by half of one from the next: a limit within that slows a run by chance, and p99
   * is none the better (docs/performance.md, A backfill beside requests).
   */
  private static final double SLACK_MILLIS = 1;

  private final Baseline p95 = new Baseline(SLACK_MILLIS);
  private final Baseline p99 = new Baseline(SLACK_MILLIS);
  private final Lasting p99Above = new Lasting();

  @Override
  public IndicatorName name() {
    return IndicatorName.LATENCY;
  }

  /** Takes note of what requests take while no worker works. */
  public void learn(ServiceReading service) {
    p95(service).ifPresent(p95::learn);
    p99(service).ifPresent(p99::learn);
  }

  /** Whether there are enough requests to judge by, and what to compare them with is not known. */
  public boolean needsBaseline(ServiceReading service) {
    return isJudged(service) && p95.value().isEmpty();
  }

  /** Whether there are enough requests to judge by. */
  public boolean isJudged(ServiceReading service) {
    return p95(service).isPresent();
  }

  @Override
  public Reading read(Observation seen, TableReading table) {
    Optional<Reading> slow = unlessNew(judge("p99", p99(seen.service()), p99), seen.nanos());
    Optional<Reading> usual = judge("p95", p95(seen.service()), p95);
    return slow.filter(p -> usual.map(u -> p.signal().compareTo(u.signal()) >= 0).orElse(true))
        .or(() -> usual)
        .orElseGet(() -> Reading.calm(name(), "too few requests to judge by"));
  }

  /** A window without a p99 ends what lasted: nothing is known of its requests. */
  private Optional<Reading> unlessNew(Optional<Reading> p99, long nanos) {
    boolean above = p99.filter(reading -> reading.signal() == Signal.SLOW).isPresent();
    Duration lasted = p99Above.of("p99", above, nanos);
    return above && lasted.compareTo(ServiceReadings.WINDOW) < 0 ? p99.map(Reading::held) : p99;
  }

  private Optional<Reading> judge(String which, Optional<Double> now, Baseline baseline) {
    return now.flatMap(
        millis ->
            baseline
                .limit()
                .map(
                    limit ->
                        Reading.of(
                            name(),
                            millis,
                            limit,
                            Reading.format(
                                "%s %.1f ms, without a run %.1f ms, limit %.1f ms",
                                which, millis, baseline.value().orElse(0.0), limit))));
  }

  private static Optional<Double> p95(ServiceReading service) {
    return requests(service) >= ENOUGH_FOR_P95 ? service.p95Millis() : Optional.empty();
  }

  private static Optional<Double> p99(ServiceReading service) {
    return requests(service) >= ENOUGH_FOR_P99 ? service.p99Millis() : Optional.empty();
  }

  private static double requests(ServiceReading service) {
    return service.requestsPerSecond() * ServiceReadings.WINDOW.toSeconds();
  }
}
