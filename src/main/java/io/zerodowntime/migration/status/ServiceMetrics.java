package io.zerodowntime.migration.status;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.ServiceReading;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Reads the service's own meters: what changed since the reading before. */
@Singleton
class ServiceMetrics {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final List<String> POOLS =
      List.of(DatabasePools.ORDERS, DatabasePools.ROWS, DatabasePools.READS);

  private final MeterRegistry registry;
  private final String path;
  private Totals before = Totals.NONE;

  ServiceMetrics(MeterRegistry registry, @ConfigProperty(name = "http.bulkhead.path") String path) {
    this.registry = registry;
    this.path = path;
  }

  /** What happened since the last call, which was so long ago. For one caller. */
  ServiceReading read(Duration since) {
    Totals now = totals();
    ServiceReading reading = now.since(before, since);
    before = now;
    return reading;
  }

  /** What has been counted since the start. May be called by several threads. */
  Totals totals() {
    SortedMap<Double, Double> buckets = new TreeMap<>();
    double requests = 0;
    for (Timer timer : registry.find("http.server.requests").timers()) {
      String uri = timer.getId().getTag("uri");
      if (uri != null && uri.startsWith(path)) {
        for (CountAtBucket bucket : timer.takeSnapshot().histogramCounts()) {
          buckets.merge(bucket.bucket() / NANOS_PER_MILLI, bucket.count(), Double::sum);
        }
        requests += timer.count();
      }
    }
    Collection<Timer> waits =
        registry.find("sql.pool.queue.delay").tag("pool.name", POOLS::contains).timers();
    return new Totals(
        buckets,
        requests,
        waits.stream().mapToDouble(Timer::count).sum(),
        waits.stream().mapToDouble(wait -> wait.totalTime(TimeUnit.MILLISECONDS)).sum());
  }

  /**
   * The quantile in milliseconds, as Prometheus' {@code histogram_quantile} estimates it: within a
   * bucket, requests are taken to be spread evenly; above the last bound it is that bound.
   *
   * @param buckets requests at or below each bound
   */
  static Optional<Double> quantile(
      SortedMap<Double, Double> buckets, double requests, double share) {
    if (requests <= 0 || buckets.isEmpty()) {
      return Optional.empty();
    }
    double rank = share * requests;
    double lower = 0;
    double below = 0;
    for (var bucket : buckets.entrySet()) {
      double inside = bucket.getValue() - below;
      if (bucket.getValue() >= rank && inside > 0) {
        return Optional.of(rounded(lower + (bucket.getKey() - lower) * (rank - below) / inside));
      }
      lower = bucket.getKey();
      below = bucket.getValue();
    }
    return Optional.of(rounded(lower));
  }

  private static double rounded(double value) {
    return Math.round(value * 100) / 100.0;
  }

  /**
   * What was counted until a moment.
   *
   * @param buckets requests at or below each bound in milliseconds
   */
  record Totals(
      SortedMap<Double, Double> buckets, double requests, double statements, double waitedMillis) {
    static final Totals NONE = new Totals(new TreeMap<>(), 0, 0, 0);

    /** What was counted since an earlier moment, which was so long ago. */
    ServiceReading since(Totals before, Duration since) {
      SortedMap<Double, Double> between = new TreeMap<>(buckets);
      between.replaceAll((bound, count) -> count - before.buckets.getOrDefault(bound, 0.0));
      double more = requests - before.requests;
      double sent = statements - before.statements;
      return new ServiceReading(
          rounded(more * 1000 / Math.max(1, since.toMillis())),
          quantile(between, more, 0.5),
          quantile(between, more, 0.95),
          quantile(between, more, 0.99),
          sent <= 0
              ? Optional.empty()
              : Optional.of(rounded((waitedMillis - before.waitedMillis) / sent)));
    }
  }
}
