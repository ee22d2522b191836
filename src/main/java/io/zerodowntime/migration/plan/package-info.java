/**
 * Says beforehand what a migration will do. Owns: the changesets that a definition stands for, what
 * each of their statements locks and for how long, and the estimates of rows, sizes, WAL and time.
 * Hands on: the text of changelog files, which {@code migration.schema} runs as any others. Never
 * changes a table, and never writes over a file.
 */
@NullMarked
package io.zerodowntime.migration.plan;

import org.jspecify.annotations.NullMarked;
