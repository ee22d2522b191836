package io.zerodowntime.migration.backfill;

import java.time.Duration;

/**
 * What one call of {@code runOnce} found and did.
 *
 * @param scanned rows looked at
 * @param changed rows written, all committed together with the cursor
 * @param mismatched rows whose columns disagreed (parity only)
 * @param skipped rows passed over because others held them; they come again
 * @param took the statement's time, with its round trip
 * @param limits what the operator allows from now on
 */
public record BatchResult(
    BatchStatus status,
    long scanned,
    long changed,
    long mismatched,
    long skipped,
    Duration took,
    Run.Limits limits) {

  static BatchResult none(BatchStatus status, Run.Limits limits) {
    return new BatchResult(status, 0, 0, 0, 0, Duration.ZERO, limits);
  }

  /** Why the call ended. */
  public enum BatchStatus {
    /** A batch was committed. */
    WORKED,
    /** Another session holds a row, so nothing was done. */
    GAVE_WAY,
    /** The ranges that no worker holds have only rows left that were locked before. */
    LOCKED,
    /** Ranges are left, and others hold them. */
    BUSY,
    /** Every range is done. */
    DONE,
    /** Paused, cancelled, complete, or its epoch is over. */
    STOPPED
  }

  /** There is nothing more for this worker to do. */
  public boolean last() {
    return status == BatchStatus.DONE || status == BatchStatus.STOPPED;
  }
}
