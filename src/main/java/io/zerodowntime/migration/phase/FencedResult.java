package io.zerodowntime.migration.phase;

import io.zerodowntime.migration.Phase;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a fenced statement brought.
 *
 * @param phase the effective phase that it found
 * @param value the result; null if the statement did nothing and is to be sent again, because
 *     another phase is in force, or was when it looked
 */
public record FencedResult<T>(Phase phase, @Nullable T value) implements Fenced<Phase, T> {

  @Override
  public Phase inForce() {
    return phase;
  }

  /** The value of a statement that always brings one, as a read does. */
  public T found() {
    return Objects.requireNonNull(value);
  }
}
