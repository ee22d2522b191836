package io.zerodowntime.platform;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/**
 * Lets clients go before the end. From the moment the process is asked to stop until the shutdown
 * delay is over it is not ready but serves on, and closes each connection behind its answer: a
 * balancer that only looks at readiness sends nothing new, and connections that were kept end
 * without a request on them being lost.
 */
@ApplicationScoped
class Farewell {
  private static final int BEFORE_ALL = 10_000;

  /** How long the other streams of an HTTP/2 connection may take to end. */
  private static final long IN_FLIGHT_MILLIS = 10_000;

  private volatile boolean leaving;

  void leave(@Observes ShutdownDelayInitiatedEvent event) {
    leaving = true;
  }

  void register(@Observes Filters filters) {
    filters.register(this::answer, BEFORE_ALL);
  }

  private void answer(RoutingContext request) {
    if (leaving) {
      sayGoodbye(request);
    }
    request.next();
  }

  /** HTTP/2 forbids the header (RFC 9113, 8.2.2) and has a frame instead, GOAWAY. */
  private static void sayGoodbye(RoutingContext request) {
    if (request.request().version() == HttpVersion.HTTP_2) {
      request.addEndHandler(end -> request.request().connection().shutdown(IN_FLIGHT_MILLIS));
    } else {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
  }
}
