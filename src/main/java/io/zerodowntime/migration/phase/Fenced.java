package io.zerodowntime.migration.phase;

import org.jspecify.annotations.Nullable;

/**
 * What a fenced statement brought.
 *
 * @param <P> what it found in force: the phase of one migration, or those of several
 */
interface Fenced<P, T> {
  P inForce();

  @Nullable T value();
}
