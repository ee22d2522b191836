package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.zerodowntime.migration.backfill.indicator.Signal;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Proves how the share rises and falls, whatever the indicators say and in whatever order. */
class PaceShareTest {
  private static final long SECOND = 1_000_000_000L;
  // nanoTime may begin anywhere
  private static final long START = Long.MAX_VALUE - 20 * SECOND;

  /** A share that is asked once a second. */
  private static final class Seconds {
    final PaceShare share = new PaceShare();
    long now = START;

    double next(Set<Signal> signals) {
      now += SECOND;
      return share.next(signals, false, now);
    }
  }

  @Property
  void staysWithinItsBounds(@ForAll List<Set<Signal>> readings) {
    Seconds seconds = new Seconds();
    for (Set<Signal> signals : readings) {
      assertThat(seconds.next(signals)).isBetween(PaceShare.MIN, 1.0);
    }
  }

  @Property
  void movesOnlyAsItIsAsked(@ForAll List<Set<Signal>> readings) {
    Seconds seconds = new Seconds();
    double before = 1;
    for (Set<Signal> signals : readings) {
      double after = seconds.next(signals);
      if (signals.contains(Signal.MINIMUM)) {
        assertThat(after).isEqualTo(PaceShare.MIN);
      } else if (signals.contains(Signal.SLOW)) {
        assertThat(after)
            .isLessThanOrEqualTo(before)
            .isGreaterThanOrEqualTo(
                signals.contains(Signal.HALF)
                    ? PaceShare.MIN
                    : Math.max(PaceShare.MIN, before * PaceShare.DECREASE));
      } else if (signals.contains(Signal.HALF)) {
        assertThat(after).isLessThanOrEqualTo(PaceShare.HALF);
      } else if (signals.contains(Signal.HOLD)) {
        assertThat(after).isEqualTo(before);
      } else {
        assertThat(after)
            .isGreaterThanOrEqualTo(before)
            .isLessThanOrEqualTo(before + PaceShare.INCREASE_PER_SECOND + 1e-9);
      }
      before = after;
    }
  }

  /** Additive increase: from anywhere, the free pace is as many seconds away as steps. */
  @Property
  void comesBackInAStraightLine(
      @ForAll @Size(max = 30) List<Set<Signal>> readings,
      @ForAll @IntRange(min = 1, max = 30) int steps) {
    Seconds seconds = new Seconds();
    readings.forEach(seconds::next);
    double from = seconds.next(Set.of(Signal.HOLD));
    double to = from;
    for (int i = 0; i < steps; i++) {
      to = seconds.next(Set.of(Signal.RISE));
    }
    assertThat(to)
        .isEqualTo(Math.min(1, from + steps * PaceShare.INCREASE_PER_SECOND), within(1e-9));
  }

  /** Two processes that meet the same signals have nearly equal shares after some decreases. */
  @Property
  void makesSharesEqual(@ForAll @IntRange(min = 1, max = 19) int apart) {
    Seconds seconds = new Seconds();
    PaceShare other = new PaceShare();
    seconds.next(Set.of(Signal.MINIMUM));
    other.next(Set.of(Signal.MINIMUM), false, seconds.now);
    for (int i = 0; i < apart; i++) {
      seconds.next(Set.of(Signal.RISE));
    }
    other.next(Set.of(Signal.HOLD), false, seconds.now);
    double mine = 0;
    double theirs = 0;
    for (int i = 0; i < 40; i++) {
      Set<Signal> signals = mine + theirs > 0.8 ? Set.of(Signal.SLOW) : Set.of(Signal.RISE);
      mine = seconds.next(signals);
      theirs = other.next(signals, false, seconds.now);
    }
    assertThat(mine).isEqualTo(theirs, within(0.2));
  }

  @Example
  void fallsOnceInTheTimeThatAReadingIsAbout() {
    Seconds seconds = new Seconds();
    assertThat(seconds.next(Set.of(Signal.SLOW))).isEqualTo(0.7);
    assertThat(seconds.next(Set.of(Signal.SLOW))).isEqualTo(0.7);
    assertThat(seconds.next(Set.of(Signal.SLOW))).isEqualTo(0.7);
    assertThat(seconds.next(Set.of(Signal.SLOW))).isEqualTo(0.49, within(1e-9));
  }

  /** What is read lags behind the pace: beside requests it must not have grown far by then. */
  @Example
  void growsMoreSlowlyBesideRequestsFromTheMinimumOn() {
    PaceShare share = new PaceShare();
    share.begin();
    assertThat(share.next(Set.of(Signal.RISE), true, START)).isEqualTo(PaceShare.MIN);
    assertThat(share.next(Set.of(Signal.RISE), true, START + 10 * SECOND))
        .isEqualTo(PaceShare.MIN + 0.2, within(1e-9));
    assertThat(share.next(Set.of(Signal.RISE), false, START + 11 * SECOND))
        .isEqualTo(PaceShare.MIN + 0.25, within(1e-9));
  }

  @Example
  void isFreeAtFirstAndAfterAWhileWithoutReadings() {
    Seconds seconds = new Seconds();
    assertThat(seconds.next(Set.of(Signal.RISE))).isEqualTo(1);
    seconds.next(Set.of(Signal.MINIMUM));
    seconds.now += 60 * SECOND;
    assertThat(seconds.next(Set.of(Signal.RISE))).isEqualTo(1);
  }
}
