package io.zerodowntime.migration.backfill;

/**
 * The claim of a run's snapshot by one process.
 *
 * @param number of the attempt, from 1
 * @param nanos when, by {@link System#nanoTime}
 */
record SnapshotAttempt(int number, SnapshotSession.Exported exported, long nanos) {}
