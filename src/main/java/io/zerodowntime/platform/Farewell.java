package io.zerodowntime.platform;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
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

  private volatile boolean leaving;

  void leave(@Observes ShutdownDelayInitiatedEvent event) {
    leaving = true;
  }

  void register(@Observes Filters filters) {
    filters.register(this::answer, BEFORE_ALL);
  }

  private void answer(RoutingContext request) {
    if (leaving) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    request.next();
  }
}
