package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each answer names the request: as its client called it, if that can stand on the log. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class RequestSignalsTest {
  private static final String ID = RequestSignals.REQUEST_ID;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "7b0c1f0e-6a40-4d0e-9a3c-0a2f5f0a9c11",
        "Root=1-67891233-abcdef012345678912345678",
        "user@host/4711:~+_."
      })
  void theIdOfTheClientComesBack(String id) {
    assertThat(given().header(ID, id).get("/health").header(ID)).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "with space", "quote\"", "a,b", "{}", "<b>", "$(id)", "a;b", "é"})
  void anIdThatMayNotStandOnTheLogIsReplaced(String id) {
    assertThat(given().header(ID, id).get("/health").header(ID)).matches("[0-9a-f]{16}");
  }

  @Test
  void theLengthIsBounded() {
    String longest = "x".repeat(128);
    assertThat(given().header(ID, longest).get("/health").header(ID)).isEqualTo(longest);
    assertThat(given().header(ID, longest + "x").get("/health").header(ID)).matches("[0-9a-f]{16}");
  }

  @Test
  void eachRequestWithoutAnIdGetsItsOwn() {
    assertThat(IntStream.range(0, 50).mapToObj(n -> given().get("/health").header(ID)).distinct())
        .hasSize(50);
  }

  @Test
  void errorsHaveOneToo() {
    for (String path : new String[] {"/orders/x", "/nothing", "/migrations", "/orders?limit=0"}) {
      assertThat(given().header(ID, "of-a-test").get(path).header(ID)).isEqualTo("of-a-test");
    }
  }
}
