package io.zerodowntime.http;

import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Problems for what fails beside the calls, for example unknown paths. */
@Singleton
class HttpErrors {

  void answerFailures(@Observes Router router) {
    router.route().order(Integer.MIN_VALUE).failureHandler(HttpErrors::answer);
  }

  private static void answer(RoutingContext context) {
    int status = context.statusCode();
    if (context.response().ended() || context.response().headWritten() || status < 400) {
      context.next();
    } else {
      ProblemResponse.send(context.request(), HttpProblems.of(status));
    }
  }
}
