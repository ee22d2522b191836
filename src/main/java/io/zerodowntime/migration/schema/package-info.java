/**
 * Runs Liquibase's changesets when their turn has come.
 *
 * <p>Owns: which turn runs which changesets ({@link io.zerodowntime.migration.schema.SchemaStage}),
 * one runner at a time in the fleet, the bound on every lock that a DDL waits for, and the repair
 * of what a killed run left behind. Hands on: a {@link
 * io.zerodowntime.migration.schema.SchemaReport}, or a {@link
 * io.zerodowntime.migration.MigrationException.SchemaFailed} that says what to do. Never decides
 * whether a phase may change, and never runs on an event loop.
 */
package io.zerodowntime.migration.schema;
