package io.zerodowntime.http;

import jakarta.ws.rs.core.Response;
import java.util.Locale;
import java.util.Map;

/** Problems that HTTP itself knows. */
public final class HttpProblems {
  private static final int RETRY_AFTER = 2;

  private static final Map<Integer, String> DETAILS =
      Map.ofEntries(
          Map.entry(400, "The request is malformed."),
          Map.entry(401, "Credentials are needed for this call."),
          Map.entry(403, "These credentials do not allow this call."),
          Map.entry(404, "Nothing is found under this path."),
          Map.entry(405, "This path does not know this method; see the API description (OpenAPI)."),
          Map.entry(406, "This path answers with application/json only."),
          Map.entry(413, "The body is longer than 65536 bytes."),
          Map.entry(414, "The request line is longer than 4096 bytes."),
          Map.entry(415, "The body must be application/json."),
          Map.entry(431, "The headers are longer than 20480 bytes."),
          Map.entry(500, "This was not expected; it is in the service's log."));

  private HttpProblems() {}

  static Problem of(int status) {
    Response.Status known = Response.Status.fromStatusCode(status);
    String title = known == null ? "Error" : known.getReasonPhrase();
    String name = title.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    return Problem.of(status, name, title)
        .detail(DETAILS.getOrDefault(status, "The call ended with status " + status + "."));
  }

  /** For a request that was not begun. */
  public static Problem overloaded() {
    return Problem.of(503, "overloaded", "Too many requests at once")
        .detail("Nothing was changed; send the request again later.")
        .retryAfter(1);
  }

  /** For a request whose time is over, and that changed nothing. */
  static Problem late() {
    return deadline("Nothing was changed; send the request again later.");
  }

  /** For a write under an idempotency key whose time is over. */
  static Problem lateUnderKey() {
    return deadline(
        "Send the write again as it is: its Idempotency-Key keeps it from being done twice.");
  }

  private static Problem deadline(String detail) {
    return Problem.of(503, "deadline-exceeded", "Not answered in time")
        .detail(detail)
        .retryAfter(RETRY_AFTER);
  }

  /** For a write without a key whose time is over while it may be done. */
  static Problem lateOutcomeUnknown() {
    return Problem.of(503, "outcome-unknown", "The outcome is unknown")
        .detail("The write was not answered in time: it is done or not. Look before you repeat it.")
        .retryAfter(RETRY_AFTER);
  }

  static Problem bodyTimeout() {
    return Problem.of(408, "request-timeout", "The body did not come in time")
        .detail("Nothing was changed; send the request again, with all of its body.");
  }

  static Problem malformedJson() {
    return Problem.of(400, "malformed-json", "Malformed JSON")
        .detail("The body is not one JSON object as this call needs it.");
  }
}
