/**
 * What the pace of a run looks at: one indicator a file, each with its reading, its limit and where
 * the limit comes from. Writes nothing, and never decides about the pace: it gives signals.
 */
@NullMarked
package io.zerodowntime.migration.backfill.indicator;

import org.jspecify.annotations.NullMarked;
