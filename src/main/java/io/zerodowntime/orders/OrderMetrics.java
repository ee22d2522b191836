package io.zerodowntime.orders;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;

/** Counters that exist, at zero, from the start: a missing series has no rate. */
@Singleton
@Startup
class OrderMetrics {
  private final Counter created;
  private final Counter replayed;
  private final DistributionSummary groups;

  OrderMetrics(MeterRegistry registry) {
    created = registry.counter("orders.created");
    replayed = registry.counter("orders.replayed");
    groups = registry.summary("orders.commit.group");
  }

  /** A new order was committed. */
  void created() {
    created.increment();
  }

  /** A write was answered with what an earlier one under the same key had brought. */
  void replayed() {
    replayed.increment();
  }

  /**
   * Several orders are sent with one statement.
   *
   * @param orders how many, at least 2
   */
  void grouped(int orders) {
    groups.record(orders);
  }
}
