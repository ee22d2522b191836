package io.zerodowntime.platform;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Problems for what fails before or beside the calls: bodies that are too long, unknown paths. */
@Singleton
class HttpErrors {
  private static final long MAX_BODY = 64 * 1024;
  private static final int BEFORE_EVERYTHING = 1000;

  private final BodyHandler counting = BodyHandler.create(false).setBodyLimit(MAX_BODY);

  void limitBodies(@Observes Filters filters) {
    filters.register(this::limitBody, BEFORE_EVERYTHING);
  }

  void answerFailures(@Observes Router router) {
    router.route().order(Integer.MIN_VALUE).failureHandler(HttpErrors::answer);
  }

  // a body of unknown length is read here, as nobody behind would answer with more than a status
  private void limitBody(RoutingContext context) {
    String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null && context.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
      counting.handle(context);
    } else if (length != null && isTooLong(length)) {
      answer(context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE), 413);
    } else {
      context.next();
    }
  }

  private static boolean isTooLong(String length) {
    return length.length() > 9 || Long.parseLong(length) > MAX_BODY;
  }

  private static void answer(RoutingContext context) {
    int status = context.statusCode();
    if (context.response().ended() || context.response().headWritten() || status < 400) {
      context.next();
      return;
    }
    answer(context.response(), status);
  }

  private static void answer(HttpServerResponse response, int status) {
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
        .end(HttpProblems.of(status).json());
  }
}
