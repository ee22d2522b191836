package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.stream.Stream;

/** Makes {@code http_server_requests_seconds} a histogram, so that p95 and p99 add up over pods. */
final class RequestHistogramMeterFilter {
  private static final double[] BUCKETS =
      Stream.of(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
          .mapToDouble(millis -> Duration.ofMillis(millis).toNanos())
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
