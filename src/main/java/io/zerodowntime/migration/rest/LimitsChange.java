package io.zerodowntime.migration.rest;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import io.zerodowntime.migration.backfill.Run;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * New limits of a run; what is left out stays.
 *
 * @param batchSize rows in a batch at most, 1 to 100,000
 * @param delayMillis pause between two batches at most, 0 to 60,000
 * @param targetLoad share of its time that a worker works, 0.01 to 1
 */
@RegisterForReflection
public record LimitsChange(
    @Schema(nullable = true, minimum = "1", maximum = MOST_ROWS) @Nullable Integer batchSize,
    @Schema(nullable = true, minimum = "0", maximum = LONGEST_DELAY) @Nullable Long delayMillis,
    @Schema(nullable = true, minimum = LEAST_LOAD, maximum = "1") @Nullable BigDecimal targetLoad) {
  private static final String MOST_ROWS = "" + Run.Limits.MAX_BATCH_SIZE;
  private static final String LONGEST_DELAY = "60000";
  private static final String LEAST_LOAD = "0.01";

  /**
   * @param given null stands for a body that is missing: no limit changes
   * @throws ProblemException 400, with every field that is out of its bounds
   */
  static LimitsChange checked(@Nullable LimitsChange given) {
    if (given == null) {
      return new LimitsChange(null, null, null);
    }
    List<Violation> violations = new ArrayList<>();
    check("batchSize", given.batchSize, "1", MOST_ROWS, violations);
    check("delayMillis", given.delayMillis, "0", LONGEST_DELAY, violations);
    check("targetLoad", given.targetLoad, LEAST_LOAD, "1", violations);
    ProblemException.throwIfAny(violations);
    return given;
  }

  private static void check(
      String field, @Nullable Number given, String low, String high, List<Violation> violations) {
    if (given == null) {
      return;
    }
    // exact: as a double, 0.00999999999999999999 is 0.01
    BigDecimal value = new BigDecimal(given.toString());
    if (value.compareTo(new BigDecimal(low)) < 0 || value.compareTo(new BigDecimal(high)) > 0) {
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
