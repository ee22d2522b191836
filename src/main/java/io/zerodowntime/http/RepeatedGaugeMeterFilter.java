package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;

/**
 * Denies gauges of Quarkus that are registered more than once under one name: only the first one is
 * ever read, and each start warns of the others. The client registers its own for each connection
 * to the database, so the value is the one of the first connection; {@code sql_pool_*} has the
 * whole pool. The server registers its own for each event loop.
 */
final class RepeatedGaugeMeterFilter {
  private static final Set<String> NAMES =
      Set.of(
          "postgresql.current",
          "postgresql.queue.size",
          "vertx.http.connections.current",
          "vertx.http.connections.max");

  RepeatedGaugeMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter repeatedGauges() {
    return MeterFilter.deny(id -> id.getType() == Meter.Type.GAUGE && NAMES.contains(id.getName()));
  }
}
