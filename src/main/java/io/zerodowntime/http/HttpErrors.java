package io.zerodowntime.http;

import io.quarkus.security.AuthenticationFailedException;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Problems for what fails beside the calls, for example unknown paths. */
@Singleton
class HttpErrors {
  private static final int UNAUTHORIZED = 401;

  void answerFailures(@Observes Router router) {
    router.route().order(Integer.MIN_VALUE).failureHandler(HttpErrors::answer);
  }

  private static void answer(RoutingContext context) {
    int status = status(context);
    if (context.response().ended() || context.response().headWritten() || status < 400) {
      context.next();
    } else {
      ProblemResponse.send(context.request(), problem(context, status));
    }
  }

  /** A login that is refused before the calls says why. */
  private static Problem problem(RoutingContext context, int status) {
    return context.failure() instanceof ProblemException refused
        ? refused.problem()
        : HttpProblems.of(status);
  }

  /** A wrong password at the console's login fails without a status, which Vert.x makes 500. */
  private static int status(RoutingContext context) {
    return context.failure() instanceof AuthenticationFailedException
        ? UNAUTHORIZED
        : context.statusCode();
  }
}
