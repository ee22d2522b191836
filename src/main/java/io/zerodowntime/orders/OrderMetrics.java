package io.zerodowntime.orders;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;

/** Counters that exist, at zero, from the start: a rate over a missing series is no rate. */
@Singleton
@Startup
class OrderMetrics implements OrderListener {
  private final Counter created;
  private final Counter replayed;
  private final DistributionSummary groups;

  OrderMetrics(MeterRegistry registry) {
    created = registry.counter("orders.created");
    replayed = registry.counter("orders.replayed");
    groups = registry.summary("orders.commit.group");
  }

  @Override
  public void created() {
    created.increment();
  }

  @Override
  public void replayed() {
    replayed.increment();
  }

  @Override
  public void grouped(int orders) {
    groups.record(orders);
  }
}
