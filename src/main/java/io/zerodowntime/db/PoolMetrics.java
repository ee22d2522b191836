package io.zerodowntime.db;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Metrics;
import io.vertx.core.impl.CloseFuture;

/** Shows what waits for a connection of each pool. */
final class PoolMetrics {
  private PoolMetrics() {}

  /**
   * Registers the gauge of a pool.
   *
   * @param closing ends it
   */
  static void register(BoundedPool pool, String name, CloseFuture closing) {
    Gauge waiting =
        Gauge.builder("database.pool.waiting", pool, BoundedPool::waiting)
            .description("Statements that wait for a connection")
            .tag("pool.name", name)
            .register(Metrics.globalRegistry);
    closing.add(
        closed -> {
          Metrics.globalRegistry.remove(waiting);
          closed.complete();
        });
  }
}
