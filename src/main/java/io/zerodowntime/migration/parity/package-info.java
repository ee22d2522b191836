/**
 * Comparison of both columns: whole table, live reads, and the repair of what differs. Owns
 * parity_mismatch and parity_shadow_instance (parity_shadow is a former version's); uses the runs
 * of the backfill; never decides which column is right, the phase does.
 */
package io.zerodowntime.migration.parity;
