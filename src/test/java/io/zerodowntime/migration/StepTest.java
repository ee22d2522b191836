package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Proves which changes of phase are legal, and that each changes one thing. */
class StepTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0, false", "0, 1, true", "0, 2, false", "0, 3, false",
    "1, 0, true", "1, 1, false", "1, 2, true", "1, 3, false",
    "2, 0, false", "2, 1, true", "2, 2, false", "2, 3, true",
    "3, 0, false", "3, 1, false", "3, 2, true", "3, 3, false"
  })
  void joinsNeighboursOnly(int from, int to, boolean legal) {
    if (legal) {
      Step step = Step.between(Phase.of(from), Phase.of(to));
      assertThat(step.from().number()).isEqualTo(from);
      assertThat(step.to().number()).isEqualTo(to);
      assertThat(step).hasToString(from + " -> " + to);
    } else {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Step.between(Phase.of(from), Phase.of(to)))
          .withMessageContaining("one at a time");
    }
  }

  /** A statement of one phase and a statement of its neighbour never disagree in two things. */
  @ParameterizedTest
  @EnumSource(Step.class)
  void changesOneThingOnly(Step step) {
    Set<String> changed = new HashSet<>();
    if (step.from().writesOld() != step.to().writesOld()) {
      changed.add("writes old");
    }
    if (step.from().writesNew() != step.to().writesNew()) {
      changed.add("writes new");
    }
    if (step.from().readsNew() != step.to().readsNew()) {
      changed.add("reads");
    }
    assertThat(changed).hasSize(1);
  }
}
