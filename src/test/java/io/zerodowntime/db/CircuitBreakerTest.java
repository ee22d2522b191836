package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.db.CircuitBreaker.State;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Proves that the circuit breaker bounds attempts to connect, and closes with the first success.
 */
class CircuitBreakerTest {
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final Duration LONGEST_BACK_OFF = Duration.ofMillis(750);

  private final AtomicLong now = new AtomicLong();
  private final CircuitBreaker breaker = new CircuitBreaker(DEADLINE, now::get);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  private void fail() {
    breaker.failed(now.get(), new IOException("made up"));
  }

  @Test
  void admitsEverythingWhileConnectionsAreMade() {
    assertThat(breaker.admits()).isTrue();
    assertThat(breaker.admits()).isTrue();
    breaker.succeeded();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.awayFor()).isEmpty();
  }

  @Test
  void admitsOneProbeAfterABackOff() {
    fail();
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.admits()).isFalse();

    pass(LONGEST_BACK_OFF);

    assertThat(breaker.admits()).as("the probe").isTrue();
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    assertThat(breaker.admits()).as("beside the probe").isFalse();
  }

  @Test
  void closesWithTheFirstSuccess() {
    fail();
    pass(LONGEST_BACK_OFF);
    breaker.admits();

    breaker.succeeded();

    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.admits()).isTrue();
    assertThat(breaker.awayFor()).isEmpty();
    assertThat(breaker.isLasting()).isFalse();
  }

  @Test
  void probesForEverWithABoundedBackOff() {
    fail();
    for (int probe = 0; probe < 20; probe++) {
      pass(LONGEST_BACK_OFF);
      assertThat(breaker.admits()).as("probe %d", probe).isTrue();
      fail();
      assertThat(breaker.admits()).isFalse();
    }
  }

  @Test
  void anAttemptFromBeforeTheReturnSaysNothing() {
    fail();
    pass(LONGEST_BACK_OFF);
    assertThat(breaker.admits()).isTrue();
    long silent = now.get();
    pass(Duration.ofSeconds(1));
    assertThat(breaker.admits()).as("another probe, as the first one is silent").isTrue();
    breaker.succeeded();

    breaker.failed(silent, new IOException("made up"));

    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void aProbeThatNeverEndsDoesNotCloseTheWay() {
    fail();
    pass(LONGEST_BACK_OFF);
    assertThat(breaker.admits()).isTrue();

    pass(Duration.ofSeconds(10));

    assertThat(breaker.admits()).isTrue();
  }

  @Test
  void isLastingOnceNoRequestCanWaitForItsEnd() {
    fail();
    pass(DEADLINE);
    assertThat(breaker.isLasting()).isFalse();
    pass(Duration.ofNanos(1));
    assertThat(breaker.isLasting()).isTrue();
    assertThat(breaker.awayFor()).contains(DEADLINE.plusNanos(1));
  }
}
