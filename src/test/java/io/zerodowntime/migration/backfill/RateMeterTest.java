package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that the rate is that of the last window. */
class RateMeterTest {
  private static final long SECOND = 1_000_000_000L;
  // nanoTime may begin anywhere
  private static final long START = Long.MAX_VALUE - 3 * SECOND;

  private RateMeter meter;

  @BeforeEach
  void begin() {
    meter = new RateMeter();
  }

  @Test
  void knowsNothingBeforeTwoSamples() {
    assertThat(meter.perSecond()).isZero();
    meter.sample(1, 100, START);
    assertThat(meter.perSecond()).isZero();
    assertThat(meter.eta(100)).isEmpty();
  }

  @Test
  void dividesRowsByTime() {
    meter.sample(1, 100, START);
    meter.sample(1, 600, START + 2 * SECOND);

    assertThat(meter.perSecond()).isEqualTo(250, within(1e-6));
    assertThat(meter.eta(1001)).contains(Duration.ofSeconds(5));
    assertThat(meter.eta(0)).contains(Duration.ZERO);
  }

  @Test
  void forgetsWhatIsOlderThanTheWindow() {
    for (int second = 0; second <= 60; second++) {
      meter.sample(1, second < 40 ? second * 1000L : 40_000, START + second * SECOND);
    }
    assertThat(meter.perSecond()).as("it has stood still for longer than the window").isZero();
    assertThat(meter.eta(10)).isEmpty();
  }

  @Test
  void beginsAfreshWithAnotherRun() {
    meter.sample(1, 1_000_000, START);
    meter.sample(2, 0, START + SECOND);
    assertThat(meter.perSecond()).isZero();
    meter.sample(2, 10, START + 2 * SECOND);
    assertThat(meter.perSecond()).isEqualTo(10, within(1e-6));
  }

  @Test
  void survivesTwoSamplesOfOneMoment() {
    meter.sample(1, 0, START);
    meter.sample(1, 10, START);

    assertThat(meter.perSecond()).isZero();
    assertThat(meter.eta(10)).isEmpty();
  }
}
