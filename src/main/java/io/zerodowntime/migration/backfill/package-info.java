/**
 * Runs over the table's key ranges. Owns backfill_run and backfill_progress: ranges, the one
 * statement of a batch, the pace, the workers' streams. Hands on committed batches; never starts by
 * itself.
 */
package io.zerodowntime.migration.backfill;
