/**
 * The phase protocol. Owns migration_state and migration_instance: fence, heartbeats, reconciler,
 * grace period. Hands the effective phase to every writer; never looks at a row of the migrated
 * table.
 */
package io.zerodowntime.migration.phase;
