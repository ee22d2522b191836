package io.zerodowntime.migration.backfill.indicator;

import java.util.Optional;

/**
 * What the database says of one table with its partitions.
 *
 * @param name as SQL reads it
 * @param maintainedBy the process of the server that vacuums or analyzes it, builds an index on it
 *     or validates a constraint of it
 * @param deadRows by the server's statistics; empty if they are not known
 * @param vacuumedFrom at so many dead rows autovacuum begins
 */
public record TableReading(
    String name, Optional<Integer> maintainedBy, Optional<Long> deadRows, double vacuumedFrom) {
  /** A table that could not be read. */
  static TableReading unknown(String name) {
    return new TableReading(name, Optional.empty(), Optional.empty(), 0);
  }
}
