package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.orders.OrdersApi.get;
import static io.zerodowntime.orders.OrdersApi.json;
import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.patch;
import static io.zerodowntime.orders.OrdersApi.post;
import static io.zerodowntime.orders.OrdersApi.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Proves that each malformed request gets a problem that names what is wrong, and changes nothing.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MalformedRequestTest {
  @Inject OrdersDatabase database;

  @BeforeEach
  void reset() throws Exception {
    database.reset(1);
  }

  static Stream<String> values() {
    return Stream.of(
        "null",
        "0",
        "-1",
        "1.5",
        "\"1\"",
        "\"\"",
        "true",
        "[]",
        "[1]",
        "{}",
        "1e400",
        "NaN",
        "9223372036854775808",
        "00",
        "0x1",
        "'1'",
        "\"pending",
        "Infinity",
        "-0");
  }

  static Stream<String> bodies() {
    Stream<String> users = values().map(user -> "{\"userId\":" + user + ",\"amount\":1}");
    Stream<String> amounts =
        Stream.concat(
                values().filter(value -> !value.equals("1.5")),
                Stream.of(
                    "10000000000",
                    "1e10",
                    "0.001",
                    "100.000",
                    "1.005",
                    "1e1000000",
                    "1e-1000000",
                    "1e2147483647",
                    "1e2147483648",
                    "1e-2147483649",
                    "9".repeat(2000),
                    "0e1000000"))
            .map(amount -> "{\"userId\":1,\"amount\":" + amount + "}");
    Stream<String> statuses =
        Stream.concat(
                values().filter(value -> !value.startsWith("'")),
                Stream.of(
                    "\"PAID\"",
                    "\"1a\"",
                    "\"a b\"",
                    "\"a\\u0000\"",
                    "\"ä\"",
                    "\"a\\n\"",
                    "\"" + "a".repeat(51) + "\""))
            .map(status -> "{\"userId\":1,\"amount\":1,\"status\":" + status + "}");
    Stream<String> whole =
        Stream.of(
            "",
            " ",
            "{",
            "}",
            "null",
            "1",
            "\"x\"",
            "[]",
            "true",
            "{}",
            "{\"userId\":1}",
            "{\"amount\":1}",
            "{\"userId\":1,\"amount\":1}}",
            "{\"userId\":1,\"amount\":1} {}",
            "{\"userId\":1,\"userId\":2,\"amount\":1}",
            "{\"userId\":1,\"amount\":1,}",
            "[{\"userId\":1,\"amount\":1}]",
            "{'userId':1,'amount':1}",
            "[".repeat(1500),
            "{\"userId\":1,\"amount\":1,\"x\":" + "[".repeat(2000) + "]".repeat(2000) + "}");
    return Stream.of(users, amounts, statuses, whole).flatMap(each -> each);
  }

  @ParameterizedTest
  @MethodSource("bodies")
  @Timeout(60)
  void refusesTheBody(String body) {
    assertProblem(post(body), 400);
    assertProblem(post("key", body), 400);
    assertNothingChanged();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"status\":null}",
        "{\"status\":1}",
        "{\"status\":\"PAID\"}",
        "[]",
        "{"
      })
  void refusesTheChange(String body) {
    assertProblem(patch(1, body), 400);
    assertProblem(patch("key", 1, body), 400);
    assertNothingChanged();
  }

  @Test
  @Timeout(30)
  void refusesDeepNestingQuickly() throws Exception {
    assertThat(ChunkedRequest.post("/orders", "[".repeat(60_000)).status()).isEqualTo(400);
    assertThat(ChunkedRequest.post("/orders", "{\"x\":".repeat(10_000)).status()).isEqualTo(400);
  }

  @Test
  void namesEveryFieldThatIsWrong() {
    Response answer = post("{\"userId\":0,\"amount\":0.001,\"status\":\"A\"}");

    assertThat(answer.jsonPath().<String>getList("violations.field"))
        .contains("userId", "amount", "status");
    assertThat(
            post("{\"userId\":\"1\",\"amount\":1}").jsonPath().<String>getList("violations.field"))
        .containsExactly("userId");
  }

  @ParameterizedTest
  @ValueSource(strings = {"100", "1e2", "100.00", "9999999999.99", "0.01", "1E-2"})
  void acceptsTheAmount(String amount) {
    assertThat(post("{\"userId\":1,\"amount\":" + amount + ",\"more\":{}}").statusCode())
        .isEqualTo(201);
    assertThat(database.rows("SELECT (amount = " + amount + ")::text FROM orders"))
        .containsExactly("true");
  }

  @Test
  void takesPendingWhereTheStatusIsLeftOut() {
    assertThat(post("{\"userId\":1,\"amount\":1}").jsonPath().getString("status"))
        .isEqualTo("pending");
  }

  @ParameterizedTest
  @CsvSource({
    "userId=0",
    "userId=x",
    "after=-1",
    "after=1.5",
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=",
    "after=",
    "userId=",
    "limit=99999999999999999999",
    "status=PAID",
  })
  void refusesTheQuery(String query) {
    Response answer = get("/orders?" + query);

    assertProblem(answer, 400);
    assertThat(answer.jsonPath().<String>getList("violations.field"))
        .containsExactly(query.substring(0, query.indexOf('=')));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/orders/abc",
        "/orders/1.5",
        "/orders/9223372036854775808",
        "/orders/1",
        "/orders/-1",
        "/orders/abc/shadow",
        "/orders/1/shadow",
        "/nothing",
        "/orders/1/nothing"
      })
  void findsNothing(String path) {
    assertProblem(get(path), 404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"\"", "\"a", "a b", "\"a b\"", "ä", "\"a\\b\""})
  void refusesTheKey(String key) {
    assertProblem(post(key, order("paid")), 400);
    assertNothingChanged();
  }

  @Test
  void refusesKeysThatAreTooLongOrTwo() {
    assertProblem(post("a".repeat(256), order("paid")), 400);
    assertProblem(json(order("paid")).header("Idempotency-Key", "a", "b").post("/orders"), 400);
    assertThat(post("a".repeat(255), order("paid")).statusCode()).isEqualTo(201);
  }

  @Test
  void refusesWhatHttpKnows() {
    Response put = given().put("/orders/1");
    assertProblem(put, 405);
    assertThat(put.header("Allow")).isEqualTo("GET, HEAD, OPTIONS, PATCH");
    Response options = given().options("/orders");
    assertThat(options.statusCode()).isEqualTo(200);
    assertThat(options.header("Allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
    assertProblem(given().delete("/orders"), 405);
    assertProblem(given().accept("application/xml").get("/orders/1"), 406);
    assertProblem(given().contentType("text/plain").body("x").post("/orders"), 415);
    assertProblem(given().contentType("application/xml").body("<x/>").post("/orders"), 415);
    assertProblem(patch(1, status("paid")), 404);
  }

  @Test
  void refusesLongBodies() throws Exception {
    String body = "{\"userId\":1,\"amount\":1,\"more\":\"" + "x".repeat(64 * 1024) + "\"}";

    assertProblem(post(body), 413);
    ChunkedRequest.ChunkedResponse chunked = ChunkedRequest.post("/orders", body);
    assertThat(chunked.status()).isEqualTo(413);
    assertThat(chunked.contentType()).isEqualTo("application/problem+json");
    assertThat(chunked.body()).contains("\"status\":413");
    assertNothingChanged();
    assertThat(ChunkedRequest.post("/orders", order("paid")).status()).isEqualTo(201);
  }

  private static void assertProblem(Response answer, int status) {
    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
    assertThat(answer.contentType()).isEqualTo("application/problem+json");
    // each path of RestAssured's compiles a script, which takes longer than the request
    JsonObject problem = new JsonObject(answer.asString());
    assertThat(problem.getInteger("status")).isEqualTo(status);
    List.of("type", "title", "detail")
        .forEach(member -> assertThat(problem.getString(member)).isNotBlank());
    assertThat(answer.asString()).doesNotContain("Exception", "io.zerodowntime", "SELECT");
  }

  private void assertNothingChanged() {
    assertThat(database.count("orders")).isZero();
    assertThat(database.count("idempotency_key")).isZero();
  }
}
