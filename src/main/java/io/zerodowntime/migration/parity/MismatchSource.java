package io.zerodowntime.migration.parity;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/** What saw that the columns of a row disagree. */
@RegisterForReflection
public enum MismatchSource {
  /** A comparison of the table. */
  SCAN,
  /** A live read that compared both columns. */
  SHADOW;

  /** The name in the database and in JSON, for example {@code scan}. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static MismatchSource of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
