package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Optional;

/**
 * How the service's own requests did in this instance within the last seconds.
 *
 * @param requestsPerSecond of the calls that the bulkhead guards
 * @param p50Millis half of them were answered within it, estimated from the buckets of {@code
 *     http_server_requests_seconds}; empty without requests, as the others
 * @param poolWaitMillis how long a statement waited for a connection of the pools of orders, on
 *     average; empty if none was sent
 */
@RegisterForReflection
public record ServiceReading(
    double requestsPerSecond,
    Optional<Double> p50Millis,
    Optional<Double> p95Millis,
    Optional<Double> p99Millis,
    Optional<Double> poolWaitMillis) {
  /** Where there was no request. */
  public static final ServiceReading NONE =
      new ServiceReading(0, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
}
