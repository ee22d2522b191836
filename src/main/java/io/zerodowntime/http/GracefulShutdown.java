package io.zerodowntime.http;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Lets clients go before the end. From the moment the process is asked to stop until the shutdown
 * delay is over it is not ready but serves on: a balancer that only looks at readiness sends
 * nothing new. An HTTP/1.1 connection is closed behind its answer; an HTTP/2 connection is drained
 * as {@link Http2Drain} says.
 */
@Singleton
class GracefulShutdown {
  private static final long LOOK_MILLIS = 250;

  /*
   * Quarkus sends a final GOAWAY right behind an answer, and closes: a request that is on its way
   * is then lost. It does so for no client that calls itself a Java client of an unknown version.
   */
  private static final String LEFT_ALONE_BY_QUARKUS = "Java-http-client/";

  private final Vertx vertx;
  private final Map<HttpConnection, Http2Drain> connections = new ConcurrentHashMap<>();
  private volatile boolean leaving;
  private long timer;

  GracefulShutdown(Vertx vertx) {
    this.vertx = vertx;
  }

  void leave(@Observes ShutdownDelayInitiatedEvent event) {
    leaving = true;
    connections.values().forEach(Http2Drain::announce);
    timer = vertx.setPeriodic(LOOK_MILLIS, tick -> connections.values().forEach(Http2Drain::check));
  }

  void stop(@Observes ShutdownEvent event) {
    vertx.cancelTimer(timer);
  }

  /** Sees to it that the connection of a request is left once the process is asked to stop. */
  void prepare(HttpServerRequest request) {
    if (ProblemResponse.isHttp2(request)) {
      Http2Drain connection = connections.get(request.connection());
      if (connection == null) {
        connection = remember(request);
      }
      if (leaving) {
        connection.announce();
        request.headers().set(HttpHeaders.USER_AGENT, LEFT_ALONE_BY_QUARKUS);
      }
    } else if (leaving) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
  }

  private Http2Drain remember(HttpServerRequest request) {
    HttpConnection connection = request.connection();
    Http2Drain drain = new Http2Drain(connection, request.getHeader(HttpHeaders.USER_AGENT));
    connections.put(connection, drain);
    drain.onClose(() -> connections.remove(connection));
    return drain;
  }
}
