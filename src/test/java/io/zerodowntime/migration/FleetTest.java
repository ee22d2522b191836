package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the fleet takes a step only where every live instance wants the same way. */
class FleetTest {

  @ParameterizedTest
  @CsvSource({
    "0, 1 1 1, 0 -> 1",
    "0, 3 3,   0 -> 1",
    "0, 1 3 2, 0 -> 1",
    "1, 2,     1 -> 2",
    "1, 3 2,   1 -> 2",
    "2, 3 3 3, 2 -> 3",
    "3, 0 0,   3 -> 2",
    "3, 2 1 0, 3 -> 2",
    "2, 0,     2 -> 1",
    "1, 0 0,   1 -> 0"
  })
  void takesOneStepTheWayThatAllWant(int effective, String requested, String step) {
    assertThat(new Fleet(live(requested)).step(Phase.of(effective)))
        .map(Step::toString)
        .contains(step);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1 0",
    "0, 0 0 3",
    "1, 0 2",
    "1, 1 2 2",
    "2, 3 1",
    "2, 2 3",
    "3, 3 2",
    "0, 0",
    "1, 1 1",
    "2, 2",
    "3, 3 3"
  })
  void staysWhereTheyAreContentOrDisagree(int effective, String requested) {
    assertThat(new Fleet(live(requested)).step(Phase.of(effective))).isEmpty();
  }

  @Test
  void staysWhereNoInstanceIsAlive() {
    assertThat(Phase.values()).allSatisfy(p -> assertThat(new Fleet(List.of()).step(p)).isEmpty());
  }

  private static List<LiveInstance> live(String requested) {
    int[] phases = Arrays.stream(requested.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
    return IntStream.range(0, phases.length)
        .mapToObj(
            i -> new LiveInstance("pod-" + i, Phase.of(phases[i]), Phase.CONTRACT, "1", now, now))
        .toList();
  }
}
