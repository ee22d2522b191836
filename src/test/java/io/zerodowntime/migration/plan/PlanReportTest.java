package io.zerodowntime.migration.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Proves that a plan's rates are those that were measured, and that people can read its figures.
 */
class PlanReportTest {

  @Test
  void ratesAreThoseThatWereMeasured() throws IOException {
    assertThat(Files.readString(Path.of("docs/performance.md")))
        .contains("| backfill, default pace | %s rows/s |".formatted(number(Estimate.BACKFILL)))
        .contains(
            "| parity in one snapshot, 1 session; 2 sessions (Xeon) | %s;"
                .formatted(number(Estimate.COMPARISON)))
        .contains("`SELECT count(*)`, one process: %s rows/s".formatted(number(Estimate.SCAN)));
  }

  private static String number(long rate) {
    return String.format(Locale.ROOT, "%,d", rate);
  }

  @ParameterizedTest
  @CsvSource({"0, 0 B", "1023, 1023 B", "1536, 1.5 KiB", "1099511627776, 1.0 TiB"})
  void sizesHaveAUnit(long bytes, String shown) {
    assertThat(PlanReport.size(bytes)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({"0.2, less than 1 s", "90, 90 s", "600, 10 min", "9000, 2.5 h"})
  void timesHaveAUnit(double seconds, String shown) {
    assertThat(PlanReport.time(seconds)).isEqualTo(shown);
  }
}
