package io.zerodowntime.migration.phase;

import io.zerodowntime.migration.Phases;
import org.jspecify.annotations.Nullable;

/**
 * What a statement brought that several migrations fence.
 *
 * @param phases the effective phases that it found, all of one snapshot
 * @param value the result; null if the statement did nothing and is to be sent again, because
 *     another phase of one of them is in force, or was when it looked
 */
public record FencedResults<T>(Phases phases, @Nullable T value) implements Fenced<Phases, T> {

  @Override
  public Phases inForce() {
    return phases;
  }
}
