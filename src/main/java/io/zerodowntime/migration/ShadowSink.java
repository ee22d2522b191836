package io.zerodowntime.migration;

/** Told of live reads that compared both columns of one row. Implementations must be quick. */
public interface ShadowSink {

  /**
   * One row was compared in the snapshot of one live read. In {@link Phase#DUAL_WRITE} a row that
   * the backfill has not reached yet is no match.
   *
   * @param phase the effective phase in that snapshot: one that writes both columns
   * @param key the row's key, as text
   * @param oldValue what the old column holds, may be null
   * @param newValue what the new column holds, may be null
   */
  void compared(
      Migration migration,
      Phase phase,
      String key,
      boolean match,
      String oldValue,
      String newValue);
}
