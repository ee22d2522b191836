package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.get;
import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.patch;
import static io.zerodowntime.orders.OrdersApi.post;
import static io.zerodowntime.orders.OrdersApi.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Proves that orders write and read the columns of the phase in force, and name no other column.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OrderPhasesTest {
  @Inject OrdersDatabase database;

  @ParameterizedTest
  @CsvSource({"0, PAID/-", "1, PAID/paid", "2, PAID/paid", "3, -/paid"})
  void creates(int phase, String columns) throws Exception {
    database.reset(phase);

    Response answer = post(order("paid"));
    Response keyed = post("a-key", order("paid"));

    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.header("Location")).endsWith("/orders/1");
    assertThat(answer.asString())
        .matches(
            "\\{\"id\":1,\"userId\":7,\"amount\":12\\.50,\"status\":\"paid\","
                + "\"createdAt\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\"}");
    assertThat(get("/orders/1").asString()).isEqualTo(answer.asString());
    assertThat(get("/orders/2").asString()).isEqualTo(keyed.asString());
    assertThat(database.columns(1)).isEqualTo(columns);
    assertThat(database.columns(2)).isEqualTo(columns);
  }

  @ParameterizedTest
  @CsvSource({"0, PAID/old", "1, PAID/paid", "2, PAID/paid", "3, OLD/paid"})
  void updates(int phase, String columns) throws Exception {
    database.reset(phase);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status)"
            + " SELECT 7, 12.5, 'OLD', 'old' FROM generate_series(1, 2)");

    Response answer = patch(1, status("paid"));
    Response keyed = patch("a-key", 2, status("paid"));

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.jsonPath().getString("status")).isEqualTo("paid");
    assertThat(get("/orders/1").asString()).isEqualTo(answer.asString());
    assertThat(get("/orders/2").asString()).isEqualTo(keyed.asString());
    assertThat(database.columns(1)).isEqualTo(columns);
    assertThat(database.columns(2)).isEqualTo(columns);
  }

  @ParameterizedTest
  @CsvSource({"0, left", "1, left", "2, right", "3, right"})
  void readsTheAuthoritativeColumn(int phase, String status) throws Exception {
    database.reset(phase);
    database.run(
        "INSERT INTO orders (user_id, amount, old_status, status) VALUES (7, 1, 'Left', 'right')");

    assertThat(get("/orders/1").jsonPath().getString("status")).isEqualTo(status);
    assertThat(get("/orders?status=" + status).jsonPath().getList("items")).hasSize(1);
    assertThat(get("/orders?status=other").jsonPath().getList("items")).isEmpty();
  }

  @Test
  void namesNoColumnThatIsNotThereYet() throws Exception {
    database.reset(0);
    database.run("ALTER TABLE orders DROP COLUMN status");

    assertThat(post(order("paid")).statusCode()).isEqualTo(201);
    assertThat(post("a-key", order("paid")).statusCode()).isEqualTo(201);
    assertThat(patch(1, status("sent")).statusCode()).isEqualTo(200);
    assertThat(patch("other-key", 1, status("sent")).statusCode()).isEqualTo(200);
    assertThat(get("/orders/1").jsonPath().getString("status")).isEqualTo("sent");
    assertThat(get("/orders?userId=7&status=sent").statusCode()).isEqualTo(200);
    assertThat(get("/orders/1/shadow").statusCode()).isEqualTo(409);
    assertThat(get("/orders/1/shadow").jsonPath().getString("type"))
        .isEqualTo("urn:problem:no-new-column-yet");
  }

  @Test
  void namesNoColumnThatIsDropped() throws Exception {
    database.reset(3);
    database.run("ALTER TABLE orders DROP COLUMN old_status");

    assertThat(post(order("paid")).statusCode()).isEqualTo(201);
    assertThat(post("a-key", order("paid")).statusCode()).isEqualTo(201);
    assertThat(patch(1, status("sent")).statusCode()).isEqualTo(200);
    assertThat(patch("other-key", 1, status("sent")).statusCode()).isEqualTo(200);
    assertThat(get("/orders/1").jsonPath().getString("status")).isEqualTo("sent");
    assertThat(get("/orders?userId=7&status=sent").statusCode()).isEqualTo(200);
    assertThat(get("/orders/1/shadow").jsonPath().getString("type"))
        .isEqualTo("urn:problem:old-column-dropped");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void followsAStepThatItHasNotSeen(int phase) throws Exception {
    String[] expected = {"PAID/-", "PAID/paid", "PAID/paid", "-/paid"};
    for (int from = 0; from <= 3; from++) {
      database.reset(from);
      post(order("new"));

      database.phase(phase);

      assertThat(post(order("paid")).statusCode()).isEqualTo(201);
      database.phase(from);
      get("/orders/1");
      post("warm", order("new"));
      database.phase(phase);
      assertThat(post("a-key", order("paid")).statusCode()).isEqualTo(201);
      assertThat(
              database.rows(
                  "SELECT concat_ws('/', coalesce(old_status, '-'), coalesce(status, '-'))"
                      + " FROM orders WHERE upper(old_status) = 'PAID' OR status = 'paid'"))
          .as("from phase %d", from)
          .containsExactly(expected[phase], expected[phase]);
    }
  }

  @Test
  void survivesAColumnThatChangesUnderItsPlans() throws Exception {
    database.reset(0);
    assertThat(get("/orders/1").statusCode()).isEqualTo(404);
    for (int round = 0; round < 3; round++) {
      database.run("ALTER TABLE orders DROP COLUMN status");
      assertThat(post(order("paid")).statusCode()).isEqualTo(201);
      database.run("ALTER TABLE orders ADD COLUMN status varchar(50)");
      database.phase(1);
      assertThat(post("k" + round, order("paid")).statusCode()).isEqualTo(201);
      assertThat(get("/orders/1").statusCode()).isEqualTo(200);
      database.phase(0);
    }
  }
}
