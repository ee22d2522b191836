package io.zerodowntime.http.limit;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.function.IntSupplier;

/** What the rate limit does, where there is one. */
@Singleton
class RateLimitMetrics {
  private final MeterRegistry registry;

  RateLimitMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * Every series is there from the start.
   *
   * @param clients how many clients this instance remembers
   */
  void register(IntSupplier clients) {
    Gauge.builder("rate.limit.clients", clients::getAsInt)
        .description("Clients that this instance counts on its own")
        .register(registry);
    for (String by : List.of("own", "shared", "fallback")) {
      counter(by, true);
      counter(by, false);
    }
  }

  /**
   * A request was counted.
   *
   * @param by whose quotas decided: {@code own}, {@code shared}, or {@code fallback}, the own ones
   *     because Redis gave no answer
   */
  void decided(String by, boolean allowed) {
    counter(by, allowed).increment();
  }

  private Counter counter(String by, boolean allowed) {
    return Counter.builder("rate.limit.requests")
        .description("Requests by whose quotas decided, and how")
        .tag("by", by)
        .tag("result", allowed ? "allowed" : "refused")
        .register(registry);
  }
}
