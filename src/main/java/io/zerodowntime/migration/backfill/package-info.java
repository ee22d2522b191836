/**
 * Runs over the table's key ranges: backfill, comparison and repair. Owns backfill_run and
 * backfill_progress: ranges, the one statement of a batch, the pace, the workers' streams. Hands on
 * committed batches. What disagrees is recorded by the package parity.
 */
@NullMarked
package io.zerodowntime.migration.backfill;

import org.jspecify.annotations.NullMarked;
