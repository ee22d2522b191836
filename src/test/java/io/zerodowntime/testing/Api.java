package io.zerodowntime.testing;

import static io.restassured.RestAssured.given;

import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Calls as operators and clients make them. */
public final class Api {
  public static final String MIGRATION = "/migrations/orders-status";

  private Api() {}

  public static RequestSpecification operator() {
    return given().auth().preemptive().basic("operator", PostgresResource.OPERATOR_PASSWORD);
  }

  public static RequestSpecification viewer() {
    return given().auth().preemptive().basic("viewer", PostgresResource.VIEWER_PASSWORD);
  }

  /** POST of an operator to a path below the migration. */
  public static Response command(String path) {
    return operator().contentType("application/json").post(MIGRATION + path);
  }

  /**
   * Health, metrics and OpenAPI of the packaged program: on the API's port, or in builds for
   * containers on one of their own.
   */
  public static RequestSpecification management() {
    return Boolean.getBoolean("management.enabled") ? given().port(9000) : given();
  }

  public static Response status() {
    return viewer().get(MIGRATION);
  }

  public static Response order(String status) {
    return json("{\"userId\":7,\"amount\":12.5,\"status\":\"" + status + "\"}").post("/orders");
  }

  public static Response order(String key, String status) {
    return json("{\"userId\":7,\"amount\":12.5,\"status\":\"" + status + "\"}")
        .header("Idempotency-Key", key)
        .post("/orders");
  }

  public static Response change(long id, String status) {
    return json("{\"status\":\"" + status + "\"}").patch("/orders/" + id);
  }

  public static Response change(String key, long id, String status) {
    return json("{\"status\":\"" + status + "\"}")
        .header("Idempotency-Key", key)
        .patch("/orders/" + id);
  }

  public static Response find(long id) {
    return given().get("/orders/" + id);
  }

  public static RequestSpecification json(String body) {
    return given().contentType("application/json").body(body);
  }
}
