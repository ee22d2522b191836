package io.zerodowntime.migration.phase;

import io.zerodowntime.migration.Phase;

/**
 * What a fenced statement brought.
 *
 * @param phase the effective phase that it found
 * @param value the result; null if the statement did nothing and is to be sent again, because
 *     another phase is in force, or was when it looked
 */
public record FencedResult<T>(Phase phase, T value) {}
