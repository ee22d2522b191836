/**
 * The conditions of each step, one per file. Owns the judgement of evidence; hands on verdicts with
 * reason and remedy; never changes anything.
 */
@NullMarked
package io.zerodowntime.migration.gate;

import org.jspecify.annotations.NullMarked;
