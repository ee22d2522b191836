package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.stream.DoubleStream;

/** Makes {@code http_server_requests_seconds} a histogram, so that p95 and p99 add up over pods. */
final class RequestHistogramMeterFilter {
  private static final double NANOS_PER_MILLI = 1e6;

  /*
   * Close together where requests usually are: a backfill is judged by what it adds to their p99
   * (migration.backfill.indicator.Latency).
   */
  private static final double[] BUCKETS =
      DoubleStream.of(
              1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
          .map(millis -> millis * NANOS_PER_MILLI)
          .toArray();

  RequestHistogramMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter httpHistogram() {
    return new MeterFilter() {
      @Override
      public DistributionStatisticConfig configure(
          Meter.Id id, DistributionStatisticConfig config) {
        return id.getName().equals("http.server.requests")
            ? DistributionStatisticConfig.builder()
                .serviceLevelObjectives(BUCKETS)
                .build()
                .merge(config)
            : config;
      }
    };
  }
}
