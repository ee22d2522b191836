package io.zerodowntime.db;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.runtime.StartupEvent;
import io.zerodowntime.db.ReplicaReads.Route;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What replicas do, where there are some; without replicas there is no series of it. */
@Singleton
class ReplicaMetrics {
  private final MeterRegistry registry;
  private final Map<Route, Counter> routes = new ConcurrentHashMap<>();

  ReplicaMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Every series is there from the start: a missing one has no rate. */
  void register(@Observes @Priority(Integer.MAX_VALUE) StartupEvent event, Replicas replicas) {
    for (Replica each : replicas.all()) {
      Gauge.builder("database.replica.lag.seconds", () -> lag(replicas, each))
          .description("What the replica shows is at most so old; NaN if that is not known")
          .tag("replica", each.name())
          .register(registry);
      Gauge.builder("database.replica.in.rotation", () -> replicas.isInRotation(each) ? 1 : 0)
          .description("1 if the replica answers reads, else 0")
          .tag("replica", each.name())
          .register(registry);
      failures(each);
    }
    if (!replicas.all().isEmpty()) {
      for (Route each : Route.values()) {
        routes(each);
      }
      waits(Route.WAITED);
      waits(Route.BEHIND);
    }
  }

  private static double lag(Replicas replicas, Replica replica) {
    return replicas.reading(replica).lag().map(lag -> lag.toNanos() / 1e9).orElse(Double.NaN);
  }

  private Counter routes(Route route) {
    return Counter.builder("database.replica.reads")
        .description("Where reads of orders were answered, and why there")
        .tag("target", route.target())
        .tag("reason", route.reason())
        .register(registry);
  }

  private Counter failures(Replica replica) {
    return Counter.builder("database.replica.failures")
        .description("Attempts of reads that failed on the replica and went elsewhere")
        .tag("replica", replica.name())
        .register(registry);
  }

  private Timer waits(Route route) {
    return Timer.builder("database.replica.wait.seconds")
        .description("How long reads waited for a replica to replay a write")
        .tag("result", route == Route.BEHIND ? "behind" : "caught_up")
        .register(registry);
  }

  /** A read is answered there. */
  void routed(Route route) {
    routes.computeIfAbsent(route, this::routes).increment();
  }

  /** An attempt failed. */
  void failed(Replica replica) {
    failures(replica).increment();
  }

  /** A read has waited. */
  void waited(Route route, Duration time) {
    waits(route == Route.WAITED ? Route.WAITED : Route.BEHIND).record(time);
  }
}
