package io.zerodowntime.redis;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.zerodowntime.db.CircuitBreaker;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

/** What Redis does, where there is one; without REDIS_URL there is no series of it. */
@Singleton
class RedisMetrics {
  /** How a command ended. */
  enum End {
    /** With an answer. */
    ANSWERED,
    /** With an error that Redis said, for example a wrong type or a full memory. */
    ERROR,
    /** Without an answer in time. */
    TIMEOUT,
    /** Not connected, or the connection broke. */
    NOT_CONNECTED,
    /** Not sent, as Redis is away. */
    NOT_SENT;

    private String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final MeterRegistry registry;

  RedisMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Every series is there from the start: a missing one has no rate. */
  void register(CircuitBreaker breaker) {
    Gauge.builder("redis.circuit.breaker.state", () -> state(breaker))
        .description("Whether commands are sent to Redis: 0 yes, 1 one attempt, 2 no")
        .register(registry);
    Arrays.stream(RedisUse.values())
        .forEach(use -> Arrays.stream(End.values()).forEach(end -> timer(use, end)));
  }

  private static int state(CircuitBreaker breaker) {
    return switch (breaker.state()) {
      case CLOSED -> 0;
      case HALF_OPEN -> 1;
      case OPEN -> 2;
    };
  }

  /** A command has ended. */
  void ended(RedisUse use, End end, Duration time) {
    timer(use, end).record(time);
  }

  private Timer timer(RedisUse use, End end) {
    return Timer.builder("redis.command.seconds")
        .description("How long commands to Redis took, and how they ended")
        .tag("use", use.label())
        .tag("result", end.label())
        .register(registry);
  }
}
