package io.zerodowntime.migration.backfill.indicator;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.ServiceReading;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What requests ask of the pace, against what they are without a run. */
class LatencyTest {
  private final Latency latency = new Latency();
  private final PoolWait pool = new PoolWait();

  private static ServiceReading service(double perSecond, double p95, double p99, double wait) {
    return new ServiceReading(
        perSecond, Optional.of(1.0), Optional.of(p95), Optional.of(p99), Optional.of(wait));
  }

  private static Reading read(Indicator indicator, ServiceReading service) {
    return readAt(0, indicator, service);
  }

  private static Reading readAt(int second, Indicator indicator, ServiceReading service) {
    return indicator.read(
        new Observation(second * 1_000_000_000L, service, Optional.empty(), Optional.of(List.of())),
        TableReading.unknown("orders"));
  }

  private static Reading read(Indicator indicator, double p95, double p99) {
    return read(indicator, service(400, p95, p99, 0));
  }

  @Test
  void comparesBothPercentilesWithTheirBaselines() {
    latency.learn(service(400, 20, 50, 0));

    assertThat(read(latency, 20, 50).signal()).isEqualTo(Signal.RISE);
    assertThat(read(latency, 20, 55).signal()).isEqualTo(Signal.HOLD);
    assertThat(read(latency, 25, 50).signal()).isEqualTo(Signal.SLOW);
    assertThat(read(latency, 25, 50).text()).startsWith("p95 25.0 ms");
  }

  /** A window is of three seconds. */
  @Test
  void judgesByAP99ThatLasts() {
    latency.learn(service(400, 20, 50, 0));
    ServiceReading slow = service(400, 20, 61, 0);

    assertThat(readAt(0, latency, slow).signal()).isEqualTo(Signal.HOLD);
    assertThat(readAt(2, latency, slow).signal()).isEqualTo(Signal.HOLD);
    assertThat(readAt(3, latency, slow).signal()).isEqualTo(Signal.SLOW);
    assertThat(readAt(4, latency, slow).text())
        .isEqualTo("p99 61.0 ms, without a run 50.0 ms, limit 60.0 ms");
    assertThat(readAt(5, latency, service(400, 20, 50, 0)).signal()).isEqualTo(Signal.RISE);
    assertThat(readAt(6, latency, slow).signal()).isEqualTo(Signal.HOLD);
  }

  @Test
  void aP99DoesNotLastOverAWindowWithoutRequests() {
    latency.learn(service(400, 20, 50, 0));
    ServiceReading slow = service(400, 20, 61, 0);

    assertThat(readAt(0, latency, slow).signal()).isEqualTo(Signal.HOLD);
    assertThat(readAt(3, latency, ServiceReading.NONE).signal()).isEqualTo(Signal.RISE);
    assertThat(readAt(6, latency, slow).signal()).isEqualTo(Signal.HOLD);
    assertThat(readAt(9, latency, slow).signal()).isEqualTo(Signal.SLOW);
  }

  @Test
  void judgesByNoFewRequests() {
    latency.learn(service(400, 20, 50, 0));

    assertThat(latency.isJudged(service(19, 20, 50, 0))).isFalse();
    assertThat(read(latency, service(19, 900, 900, 0)).signal()).isEqualTo(Signal.RISE);
    assertThat(read(latency, service(21, 20, 900, 0)).text()).startsWith("p95");
    assertThat(read(latency, service(21, 900, 900, 0)).signal()).isEqualTo(Signal.SLOW);
    assertThat(read(latency, ServiceReading.NONE).text()).isEqualTo("too few requests to judge by");
  }

  @Test
  void allowsTheInexactnessOfFastRequests() {
    latency.learn(service(400, 1, 2, 0));
    assertThat(read(latency, 1.5, 2.5).signal()).isEqualTo(Signal.RISE);
    assertThat(read(latency, 2.1, 2.5).signal()).isEqualTo(Signal.SLOW);
  }

  @Test
  void needsABaselineOnlyWhereThereAreRequests() {
    assertThat(latency.needsBaseline(ServiceReading.NONE)).isFalse();
    assertThat(latency.needsBaseline(service(400, 1, 2, 0))).isTrue();
    latency.learn(service(400, 1, 2, 0));
    assertThat(latency.needsBaseline(service(400, 1, 2, 0))).isFalse();
  }

  @Test
  void theBaselineFollows() {
    latency.learn(service(400, 10, 10, 0));
    for (int i = 0; i < 60; i++) {
      latency.learn(service(400, 30, 30, 0));
    }
    assertThat(read(latency, 30, 30).signal()).isEqualTo(Signal.RISE);
  }

  @Test
  void comparesTheWaitForAConnection() {
    assertThat(read(pool, service(400, 1, 1, 0.5)).signal()).isEqualTo(Signal.RISE);
    assertThat(read(pool, service(400, 1, 1, 1.5)).signal()).isEqualTo(Signal.SLOW);
    pool.learn(service(400, 1, 1, 10));
    assertThat(read(pool, service(400, 1, 1, 10)).signal()).isEqualTo(Signal.RISE);
    assertThat(read(pool, service(400, 1, 1, 13)).signal()).isEqualTo(Signal.SLOW);
    assertThat(read(pool, ServiceReading.NONE).signal()).isEqualTo(Signal.RISE);
  }
}
