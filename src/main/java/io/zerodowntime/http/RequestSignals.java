package io.zerodowntime.http;

import io.vertx.core.AsyncResult;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerRequestInternal;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.tracing.Trace;
import io.zerodowntime.tracing.Tracing;
import jakarta.inject.Singleton;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Makes a request recognizable: gives it an id, which is on its answer and on every log line about
 * it, and begins its trace where traces are sent. Requests of probes and of Prometheus have no
 * trace: they come all the time and say nothing.
 */
@Singleton
class RequestSignals {
  static final String REQUEST_ID = "X-Request-Id";

  /** The same, encoded once: every answer has it. */
  private static final CharSequence HEADER = HttpHeaders.createOptimized(REQUEST_ID);

  private static final int LONGEST_ID = 128;

  /** Where Quarkus REST puts the path of the method that answers, with names for its parameters. */
  private static final String TEMPLATE = "UrlPathTemplate";

  private final Tracing tracing;

  RequestSignals(Tracing tracing) {
    this.tracing = tracing;
  }

  /**
   * Gives a request its id, and begins its trace.
   *
   * @param work carries both to whatever works for the request
   */
  void identify(RoutingContext routing, RequestDeadline work) {
    HttpServerRequest request = routing.request();
    String given = request.getHeader(HEADER);
    String id = isUsable(given) ? given : newId();
    work.identify(id);
    routing.response().putHeader(HEADER, id);
    if (tracing.isOn() && isTraced(request.path())) {
      begin(routing, work);
    }
  }

  /** Whether an id of a client may stand on the log and in a header as it is. */
  static boolean isUsable(@Nullable String id) {
    if (id == null || id.isEmpty() || id.length() > LONGEST_ID) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      char each = id.charAt(i);
      boolean letterOrDigit =
          (each >= 'a' && each <= 'z')
              || (each >= 'A' && each <= 'Z')
              || (each >= '0' && each <= '9');
      if (!letterOrDigit && "-._~:/+=@".indexOf(each) < 0) {
        return false;
      }
    }
    return true;
  }

  private static String newId() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return Long.toHexString(random.nextLong() | Long.MIN_VALUE);
  }

  private static boolean isTraced(@Nullable String path) {
    return path != null && !path.startsWith("/q/") && !path.equals("/health");
  }

  private void begin(RoutingContext routing, RequestDeadline work) {
    HttpServerRequest request = routing.request();
    Trace trace = tracing.request(request.method().name(), request::getHeader);
    if (trace != null) {
      work.traceAs(trace);
      if (trace.isSampled()) {
        routing.addEndHandler(end -> end(routing, trace, work, end));
      }
    }
  }

  private static void end(
      RoutingContext routing, Trace trace, RequestDeadline work, AsyncResult<Void> end) {
    HttpServerRequest request = routing.request();
    int status = routing.response().getStatusCode();
    String method = request.method().name();
    Object route = ((HttpServerRequestInternal) request).context().getLocal(TEMPLATE);
    trace
        .put("http.request.method", method)
        .put("url.path", String.valueOf(request.path()))
        .put("http.response.status_code", status)
        .put("http.request.id", work.requestId());
    if (route != null) {
      trace.rename(method + " " + route).put("http.route", route.toString());
    }
    if (end.failed()) {
      trace.fail("client_gone");
    } else if (status >= 500) {
      trace.fail(String.valueOf(status));
    }
    trace.end(null);
  }
}
