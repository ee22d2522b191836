package io.zerodowntime.http.limit;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;

/** Counts passwords that were wrong, and those that were not looked at; at zero from the start. */
@Singleton
@Startup
class GuessMetrics {
  private final Counter failed;
  private final Counter refused;

  GuessMetrics(MeterRegistry registry) {
    failed = registry.counter("login.failures", "result", "wrong");
    refused = registry.counter("login.failures", "result", "not_looked_at");
  }

  /** A password was wrong. */
  void failed() {
    failed.increment();
  }

  /** A password was not looked at, after too many wrong ones. */
  void refused() {
    refused.increment();
  }
}
