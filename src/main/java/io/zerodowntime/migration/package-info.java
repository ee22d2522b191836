/**
 * The engine's vocabulary. Owns the words (Migration, Phase, Step, Flags, Evidence, Verdict) and
 * the interfaces by which the rooms meet. Hands them to all rooms; never depends on a subpackage,
 * SQL of a domain, or HTTP.
 */
@NullMarked
package io.zerodowntime.migration;

import org.jspecify.annotations.NullMarked;
