package io.zerodowntime.migration.rest;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.platform.ProblemException;
import io.zerodowntime.platform.Violation;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * New limits of a run; what is left out stays.
 *
 * @param batchSize rows in a batch at most, 1 to 100,000
 * @param delayMillis pause between two batches at most, 0 to 60,000
 * @param targetLoad share of its time that a worker works, 0.01 to 1
 */
@RegisterForReflection
public record LimitsChange(
    @Schema(minimum = "1", maximum = "100000") Integer batchSize,
    @Schema(minimum = "0", maximum = "60000") Long delayMillis,
    @Schema(minimum = "0.01", maximum = "1") BigDecimal targetLoad) {

  /**
   * @param given null stands for a body that is missing: no limit changes
   * @throws ProblemException 400, with every field that is out of its bounds
   */
  static LimitsChange checked(LimitsChange given) {
    if (given == null) {
      return new LimitsChange(null, null, null);
    }
    List<Violation> violations = new ArrayList<>();
    check("batchSize", given.batchSize, 1, Run.Limits.MAX_BATCH_SIZE, violations);
    check("delayMillis", given.delayMillis, 0, Run.Limits.MAX_DELAY.toMillis(), violations);
    check("targetLoad", given.targetLoad, 0.01, 1, violations);
    ProblemException.throwIfAny(violations);
    return given;
  }

  private static void check(
      String field, Number value, Number low, Number high, List<Violation> violations) {
    if (value != null
        && (value.doubleValue() < low.doubleValue() || value.doubleValue() > high.doubleValue())) {
      violations.add(new Violation(field, "must be " + low + " to " + high));
    }
  }

  Run.Limits over(Run.Limits before) {
    return new Run.Limits(
        batchSize == null ? before.batchSize() : batchSize,
        delayMillis == null ? before.delay() : Duration.ofMillis(delayMillis),
        targetLoad == null ? before.targetLoad() : targetLoad.doubleValue());
  }
}
