package io.zerodowntime.migration.schema;

import java.time.Duration;
import java.util.List;

/**
 * What one stage did.
 *
 * @param changesets the identifiers of those that ran, in order, and indexes that partitions have
 *     got; empty if there was nothing to do
 * @param attempts how many runs of Liquibase it took, at least 1
 * @param took from the call to the end, the wait for other runners and for locks included
 */
public record SchemaReport(List<String> changesets, int attempts, Duration took) {
  public SchemaReport {
    changesets = List.copyOf(changesets);
  }
}
