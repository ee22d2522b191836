package io.zerodowntime.migration;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** Why a worker waits, and a run is slower than its limits allow. */
@RegisterForReflection
@Schema(type = SchemaType.STRING)
public sealed interface ThrottleReason {

  /** As it stands in the status, in metrics and on the log. */
  @JsonValue
  String label();

  /** What no single indicator asks for. */
  @RegisterForReflection
  enum General implements ThrottleReason {
    /** The run's own share of the time. */
    TARGET_LOAD,
    /** Others hold rows of the table. */
    ROWS_LOCKED,
    /** Other workers have every range that is left. */
    OTHERS_HOLD_THE_RANGES,
    /** This process works on other runs as well. */
    OTHER_RUNS,
    /** The database could not be read. */
    UNREADABLE,
    /** At the minimum for some seconds, to see how requests do without a run. */
    BASELINE,
    /** No indicator objects any more: the pace rises step by step. */
    RECOVERY;

    @Override
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * An indicator asks for a slower pace.
   *
   * @param known false if it could not be read
   */
  @RegisterForReflection
  record Indicated(IndicatorName indicator, boolean known) implements ThrottleReason {
    @Override
    public String label() {
      return indicator.label() + (known ? "" : "_unreadable");
    }
  }
}
