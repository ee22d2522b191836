/**
 * Runs Liquibase's changesets while the service serves, and drops the old column at the end.
 *
 * <p>Owns: which stage runs which changesets ({@link
 * io.zerodowntime.migration.schema.SchemaStage}), one runner at a time in the fleet, the bound on
 * every lock that a DDL waits for, the repair of what a killed run left behind, and the certificate
 * of the drop. Hands on: a {@link io.zerodowntime.migration.schema.SchemaReport}, or a {@link
 * io.zerodowntime.migration.MigrationException.SchemaFailed} that says what to do. Never decides
 * whether a phase may change, never drops a column while a gate is closed, and never runs on an
 * event loop.
 */
@NullMarked
package io.zerodowntime.migration.schema;

import org.jspecify.annotations.NullMarked;
