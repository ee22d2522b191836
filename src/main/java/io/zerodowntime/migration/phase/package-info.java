/**
 * The phase protocol: flags, heartbeats, reconciler, fence, grace period. Owns migration_state,
 * migration_instance and migration_history. Hands the effective phase to every writer; never reads
 * a row of the migrated table.
 */
@NullMarked
package io.zerodowntime.migration.phase;

import org.jspecify.annotations.NullMarked;
