package io.zerodowntime.platform;

import jakarta.ws.rs.core.Response;
import java.util.Locale;
import java.util.Map;

/** Problems that HTTP itself knows. */
final class HttpProblems {
  private static final Map<Integer, String> DETAILS =
      Map.of(
          401, "Credentials are needed for this call.",
          403, "These credentials do not allow this call.",
          404, "Nothing is found under this path.",
          405, "This path does not know this method; see the API description (OpenAPI).",
          406, "This path answers with application/json only.",
          413, "The body is longer than 65536 bytes.",
          415, "The body must be application/json.",
          500, "This was not expected; it is in the service's log.");

  private HttpProblems() {}

  static Problem of(int status) {
    Response.Status known = Response.Status.fromStatusCode(status);
    String title = known == null ? "Error" : known.getReasonPhrase();
    String name = title.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    return Problem.of(status, name, title)
        .detail(DETAILS.getOrDefault(status, "The call ended with status " + status + "."));
  }

  /** For a request that was not begun. */
  static Problem overloaded() {
    return Problem.of(503, "overloaded", "Too many requests at once")
        .detail("Nothing was changed; send the request again later.")
        .retryAfter(1);
  }

  static Problem malformedJson() {
    return Problem.of(400, "malformed-json", "Malformed JSON")
        .detail("The body is not one JSON object as this call needs it.");
  }
}
