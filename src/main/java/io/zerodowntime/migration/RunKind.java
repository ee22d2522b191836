package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/** What a run over the table's key ranges does with each batch. */
@RegisterForReflection
public enum RunKind {
  /** new := forward(old), where they disagree. */
  FORWARD,
  /** old := reverse(new), where they disagree. */
  REVERSE,
  /** Compares both columns, changes nothing. */
  PARITY;

  /** The name in the database and in JSON, for example {@code forward}. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static RunKind of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
