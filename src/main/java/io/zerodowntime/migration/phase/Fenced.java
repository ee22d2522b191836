package io.zerodowntime.migration.phase;

import io.zerodowntime.migration.Phase;

/**
 * What a fenced statement brings back in its one round trip.
 *
 * @param phase the effective phase in the statement's own snapshot
 * @param value the statement's result, never null where {@code phase} is the one that the statement
 *     was written for; meaningless elsewhere, because the statement then did nothing
 */
public record Fenced<T>(Phase phase, T value) {}
