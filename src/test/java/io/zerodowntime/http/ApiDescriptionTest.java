package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.ApiShapes;
import io.zerodowntime.testing.EngineProfile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the description promises; .ci/openapi holds the program to it. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ApiDescriptionTest {

  @ParameterizedTest
  @CsvSource({
    "/health, get, 200",
    "/orders, get, 200 400 406 429 503",
    "/orders, post, 201 400 401 406 408 413 415 422 429 503",
    "/orders/{id}, get, 200 400 404 406 429 503",
    "/orders/{id}, patch, 200 400 401 404 406 408 413 415 422 429 503",
    "/orders/{id}/shadow, get, 200 400 404 406 409 429 503",
    "/migrations, get, 200 400 401 403 406 429 503",
    "/migrations/{name}/events, get, 200 400 401 403 404 406 429 503",
    "/migrations/{name}/backfill, post, 202 400 401 403 404 406 408 409 413 415 429 503",
    "/migrations/{name}/backfill/pause, post, 202 400 401 403 404 406 409 429 503",
    "/migrations/{name}/contract, post, 200 202 400 401 403 404 406 409 429 503"
  })
  void saysEveryStatus(String path, String method, String statuses) {
    assertThat(responses(path, method).fieldNames())
        .containsExactlyInAnyOrder(statuses.split(" ", -1));
  }

  @Test
  void saysThatEveryErrorIsAProblem() {
    JsonObject paths = description().getJsonObject("paths");
    for (String path : paths.fieldNames()) {
      for (String method : paths.getJsonObject(path).fieldNames()) {
        JsonObject responses = responses(path, method);
        responses.fieldNames().stream()
            .filter(status -> status.compareTo("400") >= 0)
            .map(responses::getJsonObject)
            .forEach(
                error ->
                    assertThat(error.getJsonObject("content").encode())
                        .as("%s %s", method, path)
                        .isEqualTo(
                            "{\"application/problem+json\":"
                                + "{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}"));
      }
    }
  }

  @Test
  void saysWhatIsNeededAndWhatIsGiven() {
    JsonObject schemas = description().getJsonObject("components").getJsonObject("schemas");
    assertThat(schemas.getJsonObject("NewOrder").getJsonArray("required").stream())
        .containsExactlyInAnyOrder("userId", "amount");
    assertThat(schemas.getJsonObject("LimitsChange").containsKey("required")).isFalse();
    assertThat(schemas.getJsonObject("Order").getJsonArray("required"))
        .hasSameSizeAs(schemas.getJsonObject("Order").getJsonObject("properties").fieldNames());
    JsonObject created = responses("/orders", "post").getJsonObject("201");
    assertThat(created.getJsonObject("headers").fieldNames())
        .containsExactlyInAnyOrder("Location", "Idempotent-Replayed", "Write-Position");
  }

  @Test
  void saysWhereTheTokenOfAWriteIsGivenAndTaken() {
    for (String read : List.of("/orders", "/orders/{id}")) {
      assertThat(parameters(read, "get"))
          .contains("Write-Position in header", "write-position in cookie");
    }
    for (String status : List.of("200", "503")) {
      JsonObject headers = responses("/orders/{id}", "patch").getJsonObject(status);
      JsonObject token = headers.getJsonObject("headers").getJsonObject("Write-Position");
      assertThat(token.getJsonObject("schema").getString("pattern"))
          .isEqualTo("^" + ApiShapes.WRITE_POSITION + "$");
      assertThat(token.getBoolean("required", false)).isFalse();
    }
    assertThat(parameters("/migrations/{name}", "get")).noneMatch(each -> each.contains("osition"));
  }

  private static List<String> parameters(String path, String method) {
    return description()
        .getJsonObject("paths")
        .getJsonObject(path)
        .getJsonObject(method)
        .getJsonArray("parameters")
        .stream()
        .map(JsonObject.class::cast)
        .map(each -> each.getString("name") + " in " + each.getString("in"))
        .toList();
  }

  private static JsonObject responses(String path, String method) {
    return description()
        .getJsonObject("paths")
        .getJsonObject(path)
        .getJsonObject(method)
        .getJsonObject("responses");
  }

  private static JsonObject description() {
    return new JsonObject(given().get("/q/openapi?format=json").asString());
  }
}
