package io.zerodowntime.http;

import static io.restassured.RestAssured.given;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.TestPostgres;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Without a password in the configuration no client logs in, least of all with an empty one. */
@QuarkusTest
@TestProfile(NoPasswordTest.Production.class)
class NoPasswordTest {

  @ParameterizedTest
  @CsvSource({"operator, ''", "operator, operator", "viewer, ''", "'', ''", "operator, ' '"})
  void refusesEveryPassword(String user, String password) {
    given()
        .auth()
        .preemptive()
        .basic(user, password)
        .get("/login-probe/viewer")
        .then()
        .statusCode(401);
    given().get("/login-probe/viewer").then().statusCode(401);
  }

  /** As in production: blank variables, as an empty secret leaves them. */
  public static final class Production implements QuarkusTestProfile {
    @Override
    public String getConfigProfile() {
      return "prod";
    }

    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "DATABASE_URL", TestPostgres.create(NoPasswordTest.class).url(),
          "OPERATOR_PASSWORD", "",
          "VIEWER_PASSWORD", " ");
    }

    @Override
    public boolean disableGlobalTestResources() {
      return true;
    }
  }
}
