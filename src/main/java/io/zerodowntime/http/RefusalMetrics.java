package io.zerodowntime.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Counts refused requests for orders; every reason exists, at zero, from the start. */
@Singleton
@Startup
class RefusalMetrics {
  private final Map<Refusal, Counter> counters = new EnumMap<>(Refusal.class);

  RefusalMetrics(MeterRegistry registry) {
    for (Refusal reason : Refusal.values()) {
      counters.put(
          reason,
          Counter.builder("orders.refused")
              .description("Requests for orders that were refused, by the reason")
              .tag("reason", reason.label())
              .register(registry));
    }
  }

  /** A request was answered with 503, 429 or 408. */
  void refused(Refusal reason) {
    Objects.requireNonNull(counters.get(reason)).increment();
  }
}
