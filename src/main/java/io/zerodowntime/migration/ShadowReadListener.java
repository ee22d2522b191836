package io.zerodowntime.migration;

/** Told of live reads that compared both columns of one row. Implementations must be quick. */
public interface ShadowReadListener {

  /**
   * One row was compared in the snapshot of one live read. In {@link Phase#DUAL_WRITE} a row that
   * the backfill has not reached yet does not match.
   *
   * @param epoch the epoch of that snapshot, of a phase that writes both columns
   * @param key the row's key, as a repair reads it: {@code id::text}, of several columns {@code
   *     ARRAY[day::text, id::text]::text}
   * @param oldValue what the old column holds, may be null; of several columns, a text that shows
   *     all of them
   * @param newValue the same of the new columns
   */
  void compared(
      Migration migration,
      Epoch epoch,
      String key,
      boolean match,
      String oldValue,
      String newValue);

  /**
   * A comparison failed, for another reason than the database being away, while the same row could
   * be read without it.
   *
   * @param reason what the comparison failed of, for the log
   */
  void failed(Migration migration, Epoch epoch, Throwable reason);

  /**
   * The state of the migration in the snapshot of a read.
   *
   * @param number the epoch, which counts the phase changes
   * @param oldStale phase 3 was entered and the old column has not been refilled since
   */
  record Epoch(Phase phase, long number, boolean oldStale) {

    /** Whether the columns are meant to agree, so that a comparison is evidence. */
    public boolean comparable() {
      return phase == Phase.READ_NEW && !oldStale;
    }
  }
}
