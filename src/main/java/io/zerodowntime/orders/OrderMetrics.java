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
  private final MeterRegistry registry;
  private final Counter created;
  private final Counter replayed;
  private final DistributionSummary groups;

  OrderMetrics(MeterRegistry registry) {
    this.registry = registry;
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

  /** A write is done, or was answered with what an earlier one under the same key had brought. */
  void answered(WriteResponse response) {
    if (response.replayed()) {
      replayed.increment();
    } else if (response.status() == 201) {
      created.increment();
    }
  }

  /** Where there is Redis, every result of a look for a stored response is there from the start. */
  void registerReplays() {
    for (ReplayLookup each : ReplayLookup.values()) {
      lookups(each);
    }
  }

  /** Redis was, or was not, asked for a stored response. */
  void looked(ReplayLookup result) {
    lookups(result).increment();
  }

  private Counter lookups(ReplayLookup result) {
    return Counter.builder("orders.replay.lookups")
        .description("Writes under a key by what the look into Redis before them brought")
        .tag("result", result.label())
        .register(registry);
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
