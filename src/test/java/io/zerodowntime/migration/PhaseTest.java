package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves what each phase writes and reads, and which phase comes next. */
class PhaseTest {

  @ParameterizedTest
  @CsvSource({
    "0, expand,     true,  false, false",
    "1, dual-write, true,  true,  false",
    "2, read-new,   true,  true,  true",
    "3, contract,   false, true,  true"
  })
  void writesAndReads(
      int number, String label, boolean writesOld, boolean writesNew, boolean readsNew) {
    Phase phase = Phase.of(number);

    assertThat(phase.number()).isEqualTo(number);
    assertThat(phase.label()).isEqualTo(label);
    assertThat(phase.writesOld()).isEqualTo(writesOld);
    assertThat(phase.writesNew()).isEqualTo(writesNew);
    assertThat(phase.readsNew()).isEqualTo(readsNew);
    assertThat(phase).hasToString(number + " (" + label + ")");
  }

  @Test
  void writesTheColumnThatItReads() {
    assertThat(Phase.values())
        .hasSize(4)
        .allMatch(p -> p.readsNew() ? p.writesNew() : p.writesOld());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 4, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void refusesOtherNumbers(int number) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Phase.of(number))
        .withMessageContaining(String.valueOf(number));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, -", "0, 1, 1", "0, 2, 1", "0, 3, 1",
    "1, 0, 0", "1, 1, -", "1, 2, 2", "1, 3, 2",
    "2, 0, 1", "2, 1, 1", "2, 2, -", "2, 3, 3",
    "3, 0, 2", "3, 1, 2", "3, 2, 2", "3, 3, -"
  })
  void walksOneStepAtATime(int from, int target, String next) {
    assertThat(
            Phase.of(from)
                .towards(Phase.of(target))
                .map(p -> String.valueOf(p.number()))
                .orElse("-"))
        .isEqualTo(next);
  }
}
