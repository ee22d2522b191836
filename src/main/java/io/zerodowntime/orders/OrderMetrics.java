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
    created =
        Counter.builder("orders.created")
            .description("Orders that were created and committed")
            .register(registry);
    replayed =
        Counter.builder("orders.replayed")
            .description("Writes that were answered with a stored response")
            .register(registry);
    groups =
        DistributionSummary.builder("orders.commit.group")
            .description("Orders that shared one commit, where several did")
            .register(registry);
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
