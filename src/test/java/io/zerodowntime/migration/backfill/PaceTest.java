package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.ThrottleReason;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Proves that the batch size follows the time that batches take, within its limits. */
class PaceTest {
  private static final Run.Limits LIMITS = new Run.Limits(1000, Duration.ofMillis(100), 0.5);
  private static final ThrottleReason LATENCY =
      new ThrottleReason.Indicated(IndicatorName.LATENCY, true);

  @Test
  void beginsSmallAndWithoutAPause() {
    Pace pace = pace(LIMITS);

    assertThat(pace.size()).isEqualTo(500);
    assertThat(pace.delay()).isZero();
    assertThat(pace(new Run.Limits(7, Duration.ZERO, 1)).size()).isEqualTo(7);
  }

  @Test
  void growsAtMostTwofoldUpToTheLimit() {
    Pace pace = pace(new Run.Limits(1700, Duration.ZERO, 1));

    observe(pace, 1);
    assertThat(pace.size()).isEqualTo(1000);
    observe(pace, 1);
    assertThat(pace.size()).isEqualTo(1700);
    observe(pace, 1);
    assertThat(pace.size()).isEqualTo(1700);
  }

  @Test
  void shrinksAtMostByHalfDownToOneRow() {
    Pace pace = pace(LIMITS);
    observe(pace, 60_000);
    assertThat(pace.size()).isEqualTo(250);
    for (int i = 0; i < 20; i++) {
      observe(pace, 60_000);
    }
    assertThat(pace.size()).isEqualTo(1);
  }

  @Test
  void findsTheSizeThatTakesTheTargetTime() {
    Pace pace = pace(new Run.Limits(100_000, Duration.ZERO, 1));
    double millisPerRow = 0.05;
    for (int i = 0; i < 10; i++) {
      observe(pace, pace.size() * millisPerRow);
    }
    assertThat(pace.size()).isBetween(1900, 2100);
  }

  @Test
  void waitsLongerEachTimeThatOthersHoldTheRanges() {
    Pace pace = pace(LIMITS);
    BatchResult busy = BatchResult.none(BatchResult.BatchStatus.BUSY, LIMITS);
    for (long millis : new long[] {20, 40, 80, 160, 200, 200}) {
      pace.observe(busy, 500);
      assertThat(pace.waitForOthers()).isEqualTo(Duration.ofMillis(millis));
    }

    observe(pace, 1);
    assertThat(pace.waitForOthers()).isEqualTo(Duration.ofMillis(20));
  }

  @Test
  void learnsNothingFromTheShortEndOfARange() {
    Pace pace = pace(LIMITS);
    pace.observe(worked(3, 0.1, LIMITS), 500);
    assertThat(pace.size()).isEqualTo(500);
  }

  @Test
  void restsAsLongAsItWorksAtHalfLoad() {
    Pace pace = pace(LIMITS);
    observe(pace, 40);
    assertThat(pace.delay()).isEqualTo(Duration.ofMillis(40));
    observe(pace, 5000);
    assertThat(pace.delay()).as("never above the limit").isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void neverRestsAtFullLoad() {
    Pace pace = pace(new Run.Limits(1000, Duration.ofMinutes(1), 1));
    observe(pace, 5000);
    assertThat(pace.delay()).isZero();
  }

  @Test
  void takesOverNewLimitsWithTheNextBatch() {
    Pace pace = pace(LIMITS);
    Run.Limits slower = new Run.Limits(10, Duration.ofMinutes(1), 0.1);

    pace.observe(worked(500, 100, slower), 500);

    assertThat(pace.limits()).isEqualTo(slower);
    assertThat(pace.size()).isEqualTo(10);
    assertThat(pace.delay()).isEqualTo(Duration.ofMillis(900));
  }

  @Test
  void halvesAfterALockedRowAndGrowsSlowlyAgain() {
    Pace pace = pace(new Run.Limits(10_000, Duration.ZERO, 1));
    pace.observe(BatchResult.none(BatchResult.BatchStatus.GAVE_WAY, LIMITS), 500);
    assertThat(pace.size()).isEqualTo(250);
    assertThat(pace.skipsLocked()).isTrue();
    observe(pace, 1);
    assertThat(pace.skipsLocked()).isFalse();
    assertThat(pace.size()).isBetween(260, 300);
    for (int i = 0; i < 20; i++) {
      pace.observe(BatchResult.none(BatchResult.BatchStatus.GAVE_WAY, LIMITS), pace.size());
    }
    assertThat(pace.size()).isEqualTo(1);
    for (int i = 0; i < 30; i++) {
      observe(pace, 1);
    }
    assertThat(pace.size()).isEqualTo(10_000);
  }

  /** 5 ms of work and 5 ms of rest are a quarter of 40 ms. */
  @Test
  void hasBatchesFurtherApartAtAShareOfTheFreePace() {
    Pace pace = pace(LIMITS);
    observe(pace, 1);
    assertThat(pace.size()).isEqualTo(1000);
    assertThat(pace.throttleDelay()).isZero();

    pace.throttle(share(0.25));
    assertThat(pace.size()).isEqualTo(1000);
    observe(pace, 5);
    assertThat(pace.delay()).isEqualTo(Duration.ofMillis(5));
    assertThat(pace.throttleDelay()).isEqualTo(Duration.ofMillis(30));
  }

  @Test
  void hasShortBatchesBesideRequests() {
    Pace pace = pace(LIMITS);
    double millisPerRow = 0.02;
    pace.throttle(besideRequests(1));
    for (int i = 0; i < 10; i++) {
      observe(pace, pace.size() * millisPerRow);
    }
    assertThat(pace.size()).isBetween(120, 130);

    pace.throttle(Pacing.FREE);
    for (int i = 0; i < 10; i++) {
      observe(pace, pace.size() * millisPerRow);
    }
    assertThat(pace.size()).as("once they have gone").isEqualTo(1000);
  }

  /** A server 5 ms away: no batch takes 2.5 ms, however few rows it has. */
  @Test
  void keepsItsRowsWhereTheWayToTheServerTakesTheTime() {
    Pace pace = pace(LIMITS);
    pace.throttle(besideRequests(1));
    for (int i = 0; i < 20; i++) {
      observe(pace, 5 + pace.size() * 0.02);
    }
    assertThat(pace.size()).isEqualTo(100);
  }

  /** Whatever a batch has, it waits 40 ms for a processor. */
  @Test
  void keepsItsRowsAtTheMinimumWhereTheMachineIsBusy() {
    Pace pace = pace(LIMITS);
    pace.throttle(besideRequests(PaceShare.MIN));
    for (int i = 0; i < 20; i++) {
      observe(pace, 40 + pace.size() * 0.02);
    }
    assertThat(pace.size()).isEqualTo(100);
    assertThat(pace.throttleDelay()).isLessThan(Duration.ofSeconds(1));
  }

  /** To compare a row takes a tenth of the time of a change. */
  @Test
  void keepsMoreRowsWhereTheyAreOnlyCompared() {
    Pace pace = new Pace(LIMITS, RunKind.PARITY);
    pace.throttle(besideRequests(PaceShare.MIN));
    for (int i = 0; i < 20; i++) {
      observe(pace, 40 + pace.size() * 0.002);
    }
    assertThat(pace.size()).isEqualTo(1000);
  }

  /** A trigger that takes 20 ms for each row. */
  @Test
  void hasFewerRowsWhereTheyTakeTheTime() {
    Pace pace = pace(LIMITS);
    pace.throttle(besideRequests(1));
    for (int i = 0; i < 20; i++) {
      observe(pace, pace.size() * 20);
    }
    assertThat(pace.size()).isEqualTo(5);
  }

  @Test
  void hasABatchASecondAtLeast() {
    Pace pace = pace(LIMITS);
    pace.throttle(share(PaceShare.MIN));
    observe(pace, 300);
    assertThat(pace.size()).isPositive();
    assertThat(pace.delay().plus(pace.throttleDelay())).isEqualTo(Duration.ofMillis(700));
  }

  @Test
  void halvesWhatItWouldHaveHadAfterALockedRow() {
    Pace pace = pace(LIMITS);
    pace.throttle(share(0.25));
    pace.observe(BatchResult.none(BatchResult.BatchStatus.GAVE_WAY, LIMITS), pace.size());
    pace.throttle(Pacing.FREE);
    assertThat(pace.size()).isEqualTo(250);
  }

  private static Pacing share(double share) {
    return new Pacing(share, Pacing.ALONE, Optional.of(LATENCY), Optional.empty(), List.of());
  }

  private static Pace pace(Run.Limits limits) {
    return new Pace(limits, RunKind.FORWARD);
  }

  private static Pacing besideRequests(double share) {
    return new Pacing(
        share, Pacing.BESIDE_REQUESTS, Optional.of(LATENCY), Optional.empty(), List.of());
  }

  private static void observe(Pace pace, double millis) {
    int asked = pace.size();
    pace.observe(worked(asked, millis, pace.limits()), asked);
  }

  private static BatchResult worked(long rows, double millis, Run.Limits limits) {
    return new BatchResult(
        BatchResult.BatchStatus.WORKED,
        rows,
        rows,
        0,
        0,
        Duration.ofNanos((long) (millis * 1e6)),
        limits);
  }
}
