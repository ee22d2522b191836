package io.zerodowntime.http;

import static io.restassured.RestAssured.given;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.EngineProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that roles follow the password, and that no client gets in without credentials. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class LoginTest {

  @ParameterizedTest
  @CsvSource({
    "operator, operator, 200, 200",
    "viewer, viewer, 200, 403",
    "operator, viewer, 401, 401",
    "operator, '', 401, 401",
    "nobody, '', 401, 401",
    "'', '', 401, 401",
  })
  void rolesFollowThePassword(String user, String password, int viewer, int operator) {
    given()
        .auth()
        .preemptive()
        .basic(user, password)
        .get("/login-probe/viewer")
        .then()
        .statusCode(viewer);
    given()
        .auth()
        .preemptive()
        .basic(user, password)
        .get("/login-probe/operator")
        .then()
        .statusCode(operator);
  }

  @Test
  void refusesCallsWithoutCredentials() {
    given().get("/login-probe/viewer").then().statusCode(401);
  }
}
