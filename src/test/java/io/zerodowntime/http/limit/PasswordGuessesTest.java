package io.zerodowntime.http.limit;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.http.login.TokenProfile;
import io.zerodowntime.testing.PostgresResource;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Proves that guesses of passwords are slowed down, and that no guess holds up another address. A
 * proxy that is trusted says which address a request comes from.
 */
@QuarkusTest
@TestProfile(TokenProfile.class)
class PasswordGuessesTest {

  @Test
  void looksAtTenWrongPasswordsOfAnAddress() {
    List<Response> guesses =
        IntStream.range(0, 10).mapToObj(i -> login("192.0.2.1", "operator", "guess " + i)).toList();
    assertThat(guesses).allMatch(each -> each.statusCode() == 401);
    Response refused = exhaust("192.0.2.1", "operator");

    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:too-many-guesses");
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 6);
    assertThat(right("192.0.2.2").statusCode()).as("from elsewhere").isEqualTo(200);
    assertThat(login("192.0.2.1", "viewer", PostgresResource.VIEWER_PASSWORD).statusCode())
        .as("another user")
        .isEqualTo(200);
    assertThat(given().get("/health").statusCode()).isEqualTo(200);
  }

  /** On a busy machine a guess becomes free in between: then the next address is tried. */
  @Test
  void doesNotLookAtTheRightPasswordEither() {
    assertThat(
            IntStream.range(100, 200)
                .mapToObj(i -> "192.0.2." + i)
                .map(
                    address -> {
                      assertThat(exhaust(address, "operator")).isNotNull();
                      return right(address).statusCode();
                    })
                .anyMatch(status -> status == 429))
        .isTrue();
  }

  @Test
  void whosePasswordWasRightIsNotHeldUp() {
    assertThat(right("192.0.2.3").statusCode()).isEqualTo(200);
    assertThat(exhaust("192.0.2.3", "operator")).isNotNull();

    assertThat(right("192.0.2.3").statusCode()).isEqualTo(200);
  }

  @Test
  void rightPasswordsAreNotCounted() {
    for (int i = 0; i < 30; i++) {
      assertThat(right("192.0.2." + (10 + i % 2)).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void namesOfNoUserAreOne() {
    assertThat(exhaust("192.0.2.4", "unknown")).isNotNull();

    assertThat(Stream.generate(() -> login("192.0.2.4", "unknown-2", "guess")).limit(9))
        .as("fewer than another name would have")
        .anyMatch(each -> each.statusCode() == 429);
    assertThat(right("192.0.2.4").statusCode()).isEqualTo(200);
  }

  @Test
  void guessesAtOrdersAreCountedAsWell() {
    Stream.generate(() -> keyedOrder("192.0.2.5"))
        .limit(200)
        .filter(each -> each.statusCode() != 401)
        .findFirst()
        .ifPresentOrElse(
            each -> assertThat(each.statusCode()).isEqualTo(429),
            () -> assertThat(false).as("refused").isTrue());
  }

  /** A guess is one, whichever way its password is sent. */
  @Test
  void guessesAtTheConsoleAreCountedAsWell() {
    Response refused =
        Stream.generate(() -> signIn("192.0.2.6", "guess"))
            .limit(200)
            .filter(each -> each.statusCode() != 401)
            .findFirst()
            .orElseThrow();

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:too-many-guesses");
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 6);
    assertThat(refused.cookies()).isEmpty();
    assertThat(Stream.generate(() -> login("192.0.2.6", "operator", "guess")).limit(9))
        .as("fewer than another address would have")
        .anyMatch(each -> each.statusCode() == 429);
    assertThat(signIn("192.0.2.7", PostgresResource.OPERATOR_PASSWORD).statusCode())
        .as("from elsewhere")
        .isEqualTo(200);
  }

  private static Response signIn(String address, String password) {
    return given()
        .header("X-Forwarded-For", address)
        .header("X-Requested-With", "console")
        .contentType("application/x-www-form-urlencoded")
        .formParam("user", "operator")
        .formParam("password", password)
        .post("/console/sign-in");
  }

  private static Response keyedOrder(String address) {
    return given()
        .header("X-Forwarded-For", address)
        .header("Idempotency-Key", "a-key")
        .auth()
        .preemptive()
        .basic("operator", "guess")
        .contentType("application/json")
        .body("{\"userId\":1,\"amount\":1}")
        .post("/orders");
  }

  /** Guesses until one is refused. */
  private static Response exhaust(String address, String user) {
    return Stream.generate(() -> login(address, user, "guess"))
        .limit(200)
        .filter(each -> each.statusCode() == 429)
        .findFirst()
        .orElseThrow();
  }

  private static Response right(String address) {
    return login(address, "operator", PostgresResource.OPERATOR_PASSWORD);
  }

  private static Response login(String address, String user, String password) {
    return given()
        .header("X-Forwarded-For", address)
        .auth()
        .preemptive()
        .basic(user, password)
        .get("/login-probe/viewer");
  }
}
