package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.backfill.KeyRanges.Range;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Proves that every key lies in exactly one range. */
class KeyRangesTest {

  @Test
  void hasNoRangeWithoutRows() {
    assertThat(KeyRanges.between(List.of())).isEmpty();
  }

  @Test
  void hasOneRangeForOneRow() {
    assertThat(KeyRanges.between(List.of("7")))
        .containsExactly(new Range("7", Optional.empty(), "7"));
  }

  @Test
  void putsEveryKeyInExactlyOneRange() {
    assertThat(KeyRanges.between(List.of("1", "250", "600", "1000")))
        .containsExactly(
            new Range("1", Optional.empty(), "250"),
            new Range("250", Optional.of("250"), "600"),
            new Range("600", Optional.of("600"), "1000"));
  }
}
