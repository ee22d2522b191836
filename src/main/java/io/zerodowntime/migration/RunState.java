package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/** How far a run over the table's key ranges is. */
@RegisterForReflection
public enum RunState {
  /** Workers take batches of it. */
  RUNNING,
  /** An operator has stopped it for now. */
  PAUSED,
  /** An operator has ended it, or its epoch is over. */
  CANCELLED,
  /** Every range is done. */
  COMPLETE;

  /** The name in the database and in JSON, for example {@code running}. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The state with this label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static RunState of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** Neither complete nor cancelled. */
  public boolean active() {
    return this == RUNNING || this == PAUSED;
  }
}
