package io.zerodowntime.migration.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.json.JsonObject;
import io.zerodowntime.http.ProblemException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that the limits of a run are checked against their bounds, each by name. */
class LimitsChangeTest {
  @Test
  void namesEveryLimitThatIsOutOfItsBounds() {
    LimitsChange wrong = new LimitsChange(0, 60_001L, new BigDecimal("0.001"));

    assertThat(refusal(wrong).problem().members().getJsonArray("violations"))
        .containsExactly(
            json("batchSize", "must be 1 to 100000"),
            json("delayMillis", "must be 0 to 60000"),
            json("targetLoad", "must be 0.01 to 1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.00999999999999999999999", "1.00000000000000000000001", "1e1000000"})
  void theBoundsAreExact(String load) {
    assertThat(refusal(new LimitsChange(null, null, new BigDecimal(load)))).isNotNull();
  }

  @Test
  void theBoundsThemselvesAndNothingAtAllAreAccepted() {
    LimitsChange least = new LimitsChange(1, 0L, new BigDecimal("0.01"));
    LimitsChange most = new LimitsChange(100_000, 60_000L, BigDecimal.ONE);

    assertThat(LimitsChange.checked(least)).isEqualTo(least);
    assertThat(LimitsChange.checked(most)).isEqualTo(most);
    assertThat(LimitsChange.checked(null)).isEqualTo(new LimitsChange(null, null, null));
  }

  private static ProblemException refusal(LimitsChange change) {
    return catchThrowableOfType(ProblemException.class, () -> LimitsChange.checked(change));
  }

  private static JsonObject json(String field, String message) {
    return JsonObject.of("field", field, "message", message);
  }
}
