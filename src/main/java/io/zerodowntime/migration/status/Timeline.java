package io.zerodowntime.migration.status;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.scheduler.Scheduled;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.ServiceReading;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * What a backfill did and what it did to the service's users, over the last hour, as this instance
 * saw it. Kept in memory: {@link #LENGTH} readings.
 */
@ApplicationScoped
public class Timeline {
  /** Between two readings. */
  static final Duration EVERY = Duration.ofSeconds(5);

  /** The readings of one hour. */
  static final int LENGTH = 720;

  private final ServiceMetrics service;
  private final Deque<Reading> readings = new ArrayDeque<>();
  private volatile Map<String, Double> rates = Map.of();

  Timeline(ServiceMetrics service) {
    this.service = service;
  }

  /** Takes the rate of each migration whose run moves, in rows per second. */
  void rates(Map<String, Double> moving) {
    rates = Map.copyOf(moving);
  }

  @Scheduled(every = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  synchronized void read() {
    Instant now = Instant.now();
    Reading last = readings.peekLast();
    Duration since = last == null ? EVERY : Duration.between(last.at(), now);
    ServiceReading reading = service.read(since);
    // the first one is about everything since the start
    if (last == null) {
      reading = ServiceReading.NONE;
    }
    readings.addLast(new Reading(now, reading, rates));
    if (readings.size() > LENGTH) {
      readings.removeFirst();
    }
  }

  /** The last reading of the service; empty until there is one. */
  synchronized Optional<ServiceReading> latest() {
    return Optional.ofNullable(readings.peekLast()).map(Reading::service);
  }

  /** The last hour of a migration, the oldest reading first. */
  public synchronized Columns of(Migration migration) {
    Columns columns = Columns.empty();
    for (Reading reading : readings) {
      columns.at().add(reading.at().toEpochMilli() / 1000.0);
      columns.rowsPerSecond().add(reading.rates().getOrDefault(migration.name(), 0.0));
      columns.requestsPerSecond().add(reading.service().requestsPerSecond());
      columns.p50Millis().add(reading.service().p50Millis().orElse(null));
      columns.p95Millis().add(reading.service().p95Millis().orElse(null));
      columns.p99Millis().add(reading.service().p99Millis().orElse(null));
      columns.poolWaitMillis().add(reading.service().poolWaitMillis().orElse(null));
    }
    return columns;
  }

  /** By this the description of the API learns that items of a list may be null. */
  private static final String NULL_ITEMS = "x-null-items";

  private record Reading(Instant at, ServiceReading service, Map<String, Double> rates) {}

  /**
   * The readings by what was read; all lists are of one length. Null where there was nothing to
   * read.
   *
   * @param at seconds since 1970
   * @param rowsPerSecond of the whole fleet; the others are of the instance that answers
   */
  @RegisterForReflection
  public record Columns(
      List<Double> at,
      List<Double> rowsPerSecond,
      List<Double> requestsPerSecond,
      @Schema(extensions = @Extension(name = NULL_ITEMS, value = "true"))
          List<@Nullable Double> p50Millis,
      @Schema(extensions = @Extension(name = NULL_ITEMS, value = "true"))
          List<@Nullable Double> p95Millis,
      @Schema(extensions = @Extension(name = NULL_ITEMS, value = "true"))
          List<@Nullable Double> p99Millis,
      @Schema(extensions = @Extension(name = NULL_ITEMS, value = "true"))
          List<@Nullable Double> poolWaitMillis) {
    private static Columns empty() {
      return new Columns(
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>());
    }
  }
}
