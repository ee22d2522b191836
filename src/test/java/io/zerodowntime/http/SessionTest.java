package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.PostgresResource;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Proves that a session of the console has the rights of its user, and no other site can use it.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SessionTest {
  private static final String COOKIE = "zerodowntime-session";
  private static final String SIGN_IN = "/console/sign-in";

  @Inject EngineDatabase database;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  private static RequestSpecification console() {
    return given().header("X-Requested-With", "console");
  }

  private static Response signIn(RequestSpecification request, String user, String password) {
    return request
        .contentType("application/x-www-form-urlencoded")
        .formParam("user", user)
        .formParam("password", password)
        .post(SIGN_IN);
  }

  private static String session(String user, String password) {
    Response signedIn = signIn(console(), user, password);
    assertThat(signedIn.statusCode()).as(signedIn.asString()).isEqualTo(200);
    return signedIn.cookie(COOKIE);
  }

  @Test
  void theCookieIsOutOfReachOfScriptsAndOtherSites() {
    Response signedIn = signIn(console(), "viewer", PostgresResource.VIEWER_PASSWORD);
    assertThat(signedIn.header("Set-Cookie"))
        .containsIgnoringCase("HttpOnly")
        .containsIgnoringCase("SameSite=Strict")
        .contains("Path=/")
        .doesNotContain("viewer");
  }

  @ParameterizedTest
  @CsvSource({"viewer, wrong", "operator, viewer", "operator, ''", "stranger, stranger", "'', ''"})
  void refusesAWrongPasswordWithoutAWindowOfTheBrowser(String user, String password) {
    Response refused = signIn(console(), user, password);
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.cookies()).isEmpty();
    assertThat(refused.header("WWW-Authenticate")).isEqualTo("Session");
  }

  /** Of programs that stream what they send; browsers name its length. */
  @Test
  void aBodyOfUnknownLengthSignsInAsWell() throws Exception {
    String form = "user=operator&password=" + PostgresResource.OPERATOR_PASSWORD;
    try (RawHttp client = new RawHttp()) {
      String answer =
          client
              .send(
                  """
                  POST /console/sign-in HTTP/1.1
                  Host: test
                  X-Requested-With: console
                  Content-Type: application/x-www-form-urlencoded
                  Transfer-Encoding: chunked

                  %x
                  %s
                  0

                  """
                      .formatted(form.length(), form)
                      .replace("\n", "\r\n"))
              .answer();
      assertThat(answer).startsWith("HTTP/1.1 200").contains(COOKIE);
    }
  }

  @Test
  void aSessionHasTheRightsOfItsUser() {
    String viewer = session("viewer", PostgresResource.VIEWER_PASSWORD);
    String operator = session("operator", PostgresResource.OPERATOR_PASSWORD);
    assertThat(console().cookie(COOKIE, viewer).get("/console/session").asString())
        .isEqualTo("{\"user\":\"viewer\",\"operator\":false,\"localFlags\":false}");
    assertThat(console().cookie(COOKIE, operator).get("/console/session").asString())
        .isEqualTo("{\"user\":\"operator\",\"operator\":true,\"localFlags\":false}");
    String pause = Api.MIGRATION + "/backfill/pause";
    assertThat(console().cookie(COOKIE, viewer).post(pause).statusCode()).isEqualTo(403);
    assertThat(console().cookie(COOKIE, operator).post(pause).statusCode()).isEqualTo(409);
  }

  @Test
  void anotherSiteCanNeitherSignInNorActWithTheCookie() {
    String operator = session("operator", PostgresResource.OPERATOR_PASSWORD);
    assertThat(signIn(given(), "operator", PostgresResource.OPERATOR_PASSWORD).statusCode())
        .isEqualTo(403);
    for (String call : new String[] {"/backfill", "/parity", "/contract", "/flags"}) {
      Response refused = given().cookie(COOKIE, operator).post(Api.MIGRATION + call);
      assertThat(refused.statusCode()).as(call).isEqualTo(403);
      assertThat(refused.contentType()).isEqualTo(Problem.MEDIA_TYPE);
    }
    assertThat(given().cookie(COOKIE, operator).delete("/console/session").statusCode())
        .isEqualTo(403);
    Response asked =
        given()
            .header("Origin", "https://elsewhere.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "x-requested-with")
            .options(Api.MIGRATION + "/backfill");
    assertThat(asked.header("Access-Control-Allow-Origin")).isNull();
    // what programs send is not concerned
    assertThat(Api.command("/backfill/pause").statusCode()).isEqualTo(409);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
  void aCookieOfSomeoneElseIsNoSession(String cookie) {
    Response refused = console().cookie(COOKIE, cookie).get("/console/session");
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.header("WWW-Authenticate")).isEqualTo("Session");
    assertThat(given().get("/console/session").header("WWW-Authenticate")).startsWith("Basic");
  }

  @Test
  void signingOutRemovesTheCookie() {
    String viewer = session("viewer", PostgresResource.VIEWER_PASSWORD);
    Response out = console().cookie(COOKIE, viewer).delete("/console/session");
    assertThat(out.statusCode()).isEqualTo(204);
    assertThat(out.header("Set-Cookie")).contains(COOKIE + "=").contains("Max-Age=0");
  }

  @Test
  void flagsThatComeFromOutsideAreNotWritten() {
    Response refused =
        Api.operator()
            .contentType("application/json")
            .body("{\"phase\":1}")
            .post(Api.MIGRATION + "/flags");
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.jsonPath().getString("detail")).contains("MIGRATION_LOCAL_FLAGS");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"phase\":4}", "{\"phase\":-1}", "{\"phase\":null}"})
  void flagsOfNoPhaseAreRefused(String body) {
    Response refused =
        Api.operator().contentType("application/json").body(body).post(Api.MIGRATION + "/flags");
    assertThat(refused.statusCode()).as(refused.asString()).isEqualTo(400);
  }
}
