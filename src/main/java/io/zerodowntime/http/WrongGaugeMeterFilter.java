package io.zerodowntime.http;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;

/**
 * Denies gauges of Quarkus that show something else than they say. Some are registered more than
 * once under one name: only the first one is ever read, and each start warns of the others. The
 * client registers its own for each connection to the database, so the value is the one of the
 * first connection; {@code sql_pool_*} has the whole pool. The server registers its own for each
 * event loop. And it denies the queue of a pool, which counts failures as waiting for good; {@code
 * database_pool_waiting} has it right.
 */
final class WrongGaugeMeterFilter {
  private static final Set<String> NAMES =
      Set.of(
          "postgresql.current",
          "postgresql.queue.size",
          "sql.pool.queue.size",
          "vertx.http.connections.current",
          "vertx.http.connections.max");

  WrongGaugeMeterFilter() {}

  @Produces
  @Singleton
  static MeterFilter wrongGauges() {
    return MeterFilter.deny(id -> id.getType() == Meter.Type.GAUGE && NAMES.contains(id.getName()));
  }
}
