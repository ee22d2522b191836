package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.migration.ServiceReading;
import java.util.List;
import java.util.Optional;

/**
 * Everything that was read at one moment.
 *
 * @param nanos when, by {@link System#nanoTime}
 * @param service the own requests of the last seconds
 * @param database empty if it could not be read
 * @param replicas those that are named; empty if they could not be read
 */
public record Observation(
    long nanos,
    ServiceReading service,
    Optional<DatabaseReading> database,
    Optional<List<ReplicaReading>> replicas) {

  /** What it says of a table. */
  public TableReading table(String name) {
    return database
        .flatMap(read -> Optional.ofNullable(read.tables().get(name)))
        .orElseGet(() -> TableReading.unknown(name));
  }
}
