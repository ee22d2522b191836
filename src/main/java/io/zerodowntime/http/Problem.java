package io.zerodowntime.http;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.OptionalInt;

/**
 * An error as a client sees it (RFC 9457). It never tells how the service is built: no stack trace,
 * no SQL.
 *
 * @param status the HTTP status
 * @param retryAfter seconds after which a repetition can help; empty if it cannot
 * @param members the JSON, in the order in which it is written
 */
public record Problem(int status, String title, OptionalInt retryAfter, JsonObject members) {
  public static final String MEDIA_TYPE = "application/problem+json";

  /**
   * @param name what {@code urn:problem:<name>} ends with: a contract, like the status
   */
  public static Problem of(int status, String name, String title) {
    return new Problem(
        status,
        title,
        OptionalInt.empty(),
        new JsonObject()
            .put("type", "urn:problem:" + name)
            .put("title", title)
            .put("status", status));
  }

  /** A 400 that lists what is wrong. */
  public static Problem invalid(List<Violation> violations) {
    JsonArray list = new JsonArray();
    violations.forEach(
        each -> list.add(JsonObject.of("field", each.field(), "message", each.message())));
    return of(400, "invalid-request", "Invalid request")
        .detail("The request is not what this call needs; see violations.")
        .with("violations", list);
  }

  /** What happened in this case, and what to do about it. */
  public Problem detail(String detail) {
    return with("detail", detail);
  }

  /**
   * Adds a member of its own.
   *
   * @param value what Vert.x writes as JSON: text, number, boolean, JsonObject, JsonArray
   */
  public Problem with(String member, Object value) {
    return new Problem(status, title, retryAfter, members.copy().put(member, value));
  }

  public Problem retryAfter(int seconds) {
    return new Problem(status, title, OptionalInt.of(seconds), members);
  }

  public String json() {
    return members.encode();
  }

  public Response response() {
    Response.ResponseBuilder response = Response.status(status).type(MEDIA_TYPE).entity(json());
    retryAfter.ifPresent(seconds -> response.header(HttpHeaders.RETRY_AFTER, seconds));
    return response.build();
  }
}
