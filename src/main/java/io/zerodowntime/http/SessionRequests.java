package io.zerodowntime.http;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Keeps other sites from using the session of a browser. A request that changes something and comes
 * with the session's cookie, or signs in, must carry the header {@code X-Requested-With}: a form or
 * an image of another site cannot set it, and for a script of another site the browser asks first,
 * which is never allowed. {@code SameSite=Strict} alone would let the other hosts of one site in.
 */
@Singleton
class SessionRequests {
  /** Behind {@link RequestDeadlines}, before the login. */
  private static final int BEFORE_LOGIN = 8_000;

  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final CharSequence HEADER = HttpHeaders.createOptimized("X-Requested-With");
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  private final String cookie;
  private final String signIn;

  SessionRequests(
      @ConfigProperty(name = "quarkus.http.auth.form.cookie-name") String cookie,
      @ConfigProperty(name = "quarkus.http.auth.form.post-location") String signIn) {
    this.cookie = cookie;
    this.signIn = signIn;
  }

  void register(@Observes Filters filters) {
    filters.register(this::check, BEFORE_LOGIN);
  }

  private void check(RoutingContext routing) {
    HttpServerRequest request = routing.request();
    if (request.headers().contains(HEADER)) {
      routing.addHeadersEndHandler(written -> askForNoPassword(request));
      routing.next();
    } else if (!SAFE.contains(request.method().name()) && usesSession(routing)) {
      ProblemResponse.sendLast(request, HttpProblems.of(FORBIDDEN));
    } else {
      routing.next();
    }
  }

  private boolean usesSession(RoutingContext routing) {
    return (routing.request().headers().contains(HttpHeaders.COOKIE)
            && routing.request().getCookie(cookie) != null)
        || routing.normalizedPath().endsWith(signIn);
  }

  /** A browser answers the challenge for a password with a window of its own. */
  private static void askForNoPassword(HttpServerRequest request) {
    if (request.response().getStatusCode() == UNAUTHORIZED) {
      request.response().putHeader("WWW-Authenticate", "Session");
    }
  }
}
