package io.zerodowntime.migration.backfill;

import java.util.List;

/**
 * The ranges of a run to be.
 *
 * @param snapshot whether it compares in one snapshot, not in the order of the key
 * @param newKey whether its ranges are of the new side's key, where that is another one
 * @param inserts rows inserted into the table so far, by the statistics; 0 for a repair, and for
 *     partitions, each of which has its own
 */
record RunPlan(
    boolean wholeTable,
    boolean snapshot,
    boolean newKey,
    long rowsEstimate,
    long inserts,
    List<KeyRanges.Range> ranges) {}
