package io.zerodowntime.db;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Shows whether the database can be reached; the pools count their own waits and rejections. */
@Singleton
final class DatabaseMetrics {
  private final MeterRegistry registry;
  private final CircuitBreaker breaker;
  private final DatabasePools pools;

  DatabaseMetrics(MeterRegistry registry, CircuitBreaker breaker, DatabasePools pools) {
    this.registry = registry;
    this.breaker = breaker;
    this.pools = pools;
  }

  void register(@Observes StartupEvent event) {
    Gauge.builder("database.circuit.breaker.state", breaker, DatabaseMetrics::state)
        .description("Whether connections are made: 0 closed (yes), 1 half open, 2 open (no)")
        .register(registry);
    FunctionCounter.builder("database.silent.connections", pools, DatabasePools::closedForSilence)
        .description("Connections closed because a statement was not answered in time")
        .register(registry);
  }

  private static double state(CircuitBreaker breaker) {
    return switch (breaker.state()) {
      case CLOSED -> 0;
      case HALF_OPEN -> 1;
      case OPEN -> 2;
    };
  }
}
