package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;

import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Calls as clients make them. */
final class OrdersApi {
  private OrdersApi() {}

  static Response post(String body) {
    return json(body).post("/orders");
  }

  static Response post(String key, String body) {
    return json(body).header("Idempotency-Key", key).post("/orders");
  }

  static Response patch(long id, String body) {
    return json(body).patch("/orders/" + id);
  }

  static Response patch(String key, long id, String body) {
    return json(body).header("Idempotency-Key", key).patch("/orders/" + id);
  }

  static Response get(String path) {
    return given().get(path);
  }

  static RequestSpecification json(String body) {
    return given().contentType("application/json").body(body);
  }

  /** An order of user 7 with this status. */
  static String order(String status) {
    return "{\"userId\":7,\"amount\":12.5,\"status\":\"" + status + "\"}";
  }

  static String status(String status) {
    return "{\"status\":\"" + status + "\"}";
  }
}
