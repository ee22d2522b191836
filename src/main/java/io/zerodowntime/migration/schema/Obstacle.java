package io.zerodowntime.migration.schema;

/**
 * Something that a stage waits for before it tries.
 *
 * @param kind stays the same while the same thing is in the way
 * @param detail one line for the log and for the error: who, since when, and what to do
 */
record Obstacle(String kind, String detail) {}
