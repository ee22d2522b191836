package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves which sets of flags ask for a phase, and which are refused. */
class FlagsTest {

  @ParameterizedTest
  @CsvSource({
    "false, false, false, 0",
    "true,  false, false, 0",
    "true,  true,  false, 1",
    "true,  true,  true,  2",
    "false, true,  true,  3"
  })
  void asksForAPhase(String dualWrite, String writeToNew, String readFromNew, int phase) {
    assertThat(flags(dualWrite, writeToNew, readFromNew).phase().number()).isEqualTo(phase);
  }

  @ParameterizedTest
  @CsvSource({
    "false, true,  false, would lose every write",
    "false, false, true,  a column that no instance writes",
    "true,  false, true,  a column that no instance writes"
  })
  void refusesCombinationsThatLoseData(
      String dualWrite, String writeToNew, String readFromNew, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> flags(dualWrite, writeToNew, readFromNew).phase())
        .withMessageContaining(why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TRUE", "True", "tRuE", " true", "true\n", "\t true \r\n"})
  void takesAnyCaseAndBlanks(String value) {
    assertThat(flags(value, value, "false").phase()).isEqualTo(Phase.DUAL_WRITE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\n",
        "1",
        "0",
        "yes",
        "no",
        "on",
        "off",
        "truefalse",
        "tru",
        "true\0",
        "\"true\"",
        "true # comment",
        "wahr"
      })
  void refusesEverythingElseByItsName(String value) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> flags("true", value, "false"))
        .withMessageStartingWith("WRITE_TO_NEW is ");
  }

  @Test
  void showsTheBeginningOfALongValueOnly() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> flags("x".repeat(10_000), "true", "true"))
        .withMessageContaining("DUAL_WRITE")
        .satisfies(refused -> assertThat(refused.getMessage()).hasSizeLessThan(100));
  }

  @Test
  void refusesASetThatIsNotComplete() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of(Map.of("DUAL_WRITE", "true", "WRITE_TO_NEW", "true")))
        .withMessage("READ_FROM_NEW is missing");
  }

  private static Flags flags(String dualWrite, String writeToNew, String readFromNew) {
    return Flags.of(
        Map.of(
            Flags.DUAL_WRITE, dualWrite,
            Flags.WRITE_TO_NEW, writeToNew,
            Flags.READ_FROM_NEW, readFromNew));
  }
}
