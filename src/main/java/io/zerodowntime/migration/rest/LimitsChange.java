package io.zerodowntime.migration.rest;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.migration.backfill.Run;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.math.BigDecimal;
import java.time.Duration;

/**
 * New limits of a run; what is left out stays.
 *
 * @param batchSize rows in a batch at most, 1 to 100,000
 * @param delayMillis pause between two batches at most, 0 to 60,000
 * @param targetLoad share of its time that a worker works, 0.01 to 1
 */
@RegisterForReflection
public record LimitsChange(
    @Min(1) @Max(Run.Limits.MAX_BATCH_SIZE) Integer batchSize,
    @Min(0) @Max(60_000) Long delayMillis,
    @DecimalMin("0.01") @DecimalMax("1") BigDecimal targetLoad) {

  static LimitsChange orNone(LimitsChange given) {
    return given == null ? new LimitsChange(null, null, null) : given;
  }

  Run.Limits over(Run.Limits before) {
    return new Run.Limits(
        batchSize == null ? before.batchSize() : batchSize,
        delayMillis == null ? before.delay() : Duration.ofMillis(delayMillis),
        targetLoad == null ? before.targetLoad() : targetLoad.doubleValue());
  }
}
