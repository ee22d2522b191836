package io.zerodowntime.http;

import io.quarkus.resteasy.reactive.server.runtime.ResteasyReactiveRecorder;
import io.quarkus.runtime.RuntimeValue;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.RequestDeadline;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.resteasy.reactive.server.handlers.RestInitialHandler;

/**
 * The way of a request to its call. What is done for every request is one handler of the router: a
 * handler more costs a request more than most of these steps do. And requests for orders, of which
 * there are most, leave the router behind the login; they do not pass the handlers for static
 * files, for {@code OPTIONS} and of extensions, which are not for them.
 */
@Singleton
class RequestEntry {
  /** Before the login, which may wait. */
  private static final int FIRST = 10_000;

  /** Behind Quarkus' authorization (-100), which is the last that may refuse a request. */
  private static final int BEHIND_LOGIN = -60;

  private final GracefulShutdown shutdown;
  private final RequestDeadlines deadlines;
  private final RequestSignals signals;
  private final ConsoleRequests console;
  private final Bulkhead bulkhead;
  private final RequestBodyLimit bodies;

  RequestEntry(
      GracefulShutdown shutdown,
      RequestDeadlines deadlines,
      RequestSignals signals,
      ConsoleRequests console,
      Bulkhead bulkhead,
      RequestBodyLimit bodies) {
    this.shutdown = shutdown;
    this.deadlines = deadlines;
    this.signals = signals;
    this.console = console;
    this.bulkhead = bulkhead;
    this.bodies = bodies;
  }

  void register(@Observes Filters filters) {
    filters.register(this::enter, FIRST);
  }

  /** The order matters: each step may answer, and has to say who is answered until when. */
  private void enter(RoutingContext routing) {
    console.describeFile(routing);
    shutdown.prepare(routing.request());
    RequestDeadline deadline = deadlines.start(routing);
    signals.identify(routing, deadline);
    if (!console.refuse(routing) && !bulkhead.refuse(routing)) {
      bodies.check(routing);
    }
  }

  /** The handler is the one that Quarkus REST puts at the end of the router. */
  void shorten(
      @Observes Router router, @ConfigProperty(name = "http.bulkhead.path") String orders) {
    RestInitialHandler calls =
        new RestInitialHandler(ResteasyReactiveRecorder.getCurrentDeployment());
    router
        .route(orders + "*")
        .method(HttpMethod.GET)
        .method(HttpMethod.POST)
        .method(HttpMethod.PATCH)
        .order(BEHIND_LOGIN)
        .handler(new ResteasyReactiveRecorder().handler(new RuntimeValue<>(calls)));
  }
}
