package io.zerodowntime.migration.schema;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.Verdict;
import java.time.OffsetDateTime;
import java.util.List;

/**
 * What was known when the old columns were dropped; kept in {@code migration_history}.
 *
 * @param rowsEstimate the planner's estimate of the table
 * @param walLsn the end of the write-ahead log right before the drop
 * @param server the server's version
 * @param evidence what was proven in the last epoch
 * @param gates every gate with what it found
 */
@RegisterForReflection
public record Certificate(
    String migration,
    String table,
    List<String> droppedColumns,
    List<String> keptColumns,
    OffsetDateTime at,
    String requestedBy,
    String instance,
    long epoch,
    long rowsEstimate,
    String walLsn,
    String server,
    Evidence evidence,
    List<Verdict> gates,
    List<PastRun> runs) {

  /** A completed pass over the whole table, in any epoch of this migration. */
  @RegisterForReflection
  public record PastRun(
      long id,
      RunKind kind,
      long epoch,
      long scanned,
      long changed,
      long mismatched,
      OffsetDateTime finishedAt) {}
}
