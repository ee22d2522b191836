package io.zerodowntime.migration.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.testing.OneToOne;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the service's own meters say about the time between two readings. */
class ServiceMetricsTest {
  private static final Migration ORDERS =
      OneToOne.migration(
          "orders-status",
          "orders",
          List.of("id"),
          "old_status",
          "status",
          "lower(old_status)",
          "upper(status)");

  private final MeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ServiceMetrics metrics = new ServiceMetrics(registry, "/orders");

  /** 10 requests up to 1 ms, 80 up to 10 ms, 10 up to 100 ms: the median is 5.5 ms. */
  @Test
  void estimatesQuantilesWithinABucket() {
    TreeMap<Double, Double> buckets = new TreeMap<>(Map.of(1.0, 10.0, 10.0, 90.0, 100.0, 100.0));
    assertThat(ServiceMetrics.quantile(buckets, 100, 0.05)).contains(0.5);
    assertThat(ServiceMetrics.quantile(buckets, 100, 0.5)).contains(5.5);
    assertThat(ServiceMetrics.quantile(buckets, 100, 0.95)).contains(55.0);
    assertThat(ServiceMetrics.quantile(buckets, 100, 1)).contains(100.0);
  }

  @Test
  void knowsNoMoreThanTheLastBound() {
    TreeMap<Double, Double> buckets = new TreeMap<>(Map.of(10.0, 1.0));
    assertThat(ServiceMetrics.quantile(buckets, 100, 0.99)).contains(10.0);
    assertThat(ServiceMetrics.quantile(new TreeMap<>(), 100, 0.5)).isEmpty();
    assertThat(ServiceMetrics.quantile(buckets, 0, 0.5)).isEmpty();
  }

  @Test
  void readsWhatHappenedSinceTheReadingBefore() {
    request("/orders/{id}", 4000);
    metrics.read(Duration.ofSeconds(5));
    for (int i = 0; i < 100; i++) {
      request("/orders", 4);
      request("/migrations", 4000);
    }
    Timer waits = registry.timer("sql.pool.queue.delay", "pool.name", "rows", "pool.type", "sql");
    waits.record(Duration.ofMillis(10));
    waits.record(Duration.ofMillis(30));

    ServiceReading reading = metrics.read(Duration.ofSeconds(5));
    assertThat(reading.requestsPerSecond()).isEqualTo(20);
    assertThat(reading.p99Millis().orElseThrow()).isBetween(2.0, 5.0);
    assertThat(reading.poolWaitMillis()).contains(20.0);

    ServiceReading idle = metrics.read(Duration.ofSeconds(5));
    assertThat(idle.requestsPerSecond()).isZero();
    assertThat(idle.p50Millis()).isEmpty();
    assertThat(idle.poolWaitMillis()).isEmpty();
  }

  @Test
  void watchesTheLastSeconds() {
    ServiceWatch watch = new ServiceWatch(metrics);
    long second = Duration.ofSeconds(1).toNanos();
    long now = Long.MAX_VALUE - 3 * second;
    assertThat(watch.lately()).isEqualTo(ServiceReading.NONE);
    request("/orders", 4000);
    watch.sample(now);
    assertThat(watch.lately()).as("one sample says nothing").isEqualTo(ServiceReading.NONE);
    for (int i = 0; i < 6; i++) {
      request("/orders", 4);
      now += second;
      watch.sample(now);
    }
    assertThat(watch.lately().requestsPerSecond()).isEqualTo(1);
    assertThat(watch.lately().p99Millis().orElseThrow()).isBetween(2.0, 5.0);
    for (int i = 0; i < 4; i++) {
      now += second;
      watch.sample(now);
    }
    assertThat(watch.lately().p99Millis()).isEmpty();
  }

  private void request(String uri, long millis) {
    Timer.builder("http.server.requests")
        .tags("uri", uri)
        .serviceLevelObjectives(Duration.ofMillis(2), Duration.ofMillis(5), Duration.ofSeconds(5))
        .register(registry)
        .record(Duration.ofMillis(millis));
  }

  @Test
  void theLastHourIsBounded() {
    Timeline timeline = new Timeline(metrics);
    timeline.rates(Map.of("orders-status", 7.0));
    for (int i = 0; i < Timeline.LENGTH + 100; i++) {
      timeline.read();
    }
    Timeline.Columns columns = timeline.of(ORDERS);
    assertThat(columns.at()).hasSize(Timeline.LENGTH).isSorted();
    assertThat(columns.rowsPerSecond()).hasSize(Timeline.LENGTH).containsOnly(7.0);
    assertThat(columns.p99Millis()).hasSize(Timeline.LENGTH).containsOnlyNulls();
  }
}
