package io.zerodowntime.http;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Keeps other sites from using the console in a browser. Its files load nothing of another host,
 * nothing inline, and make no markup from text. A request that changes something and comes with the
 * session's cookie, or signs in, must carry the header {@code X-Requested-With}: a form or an image
 * of another site cannot set it, and for a script of another site the browser asks first, which is
 * never allowed. {@code SameSite=Strict} alone would let the other hosts of one site in.
 */
@Singleton
class ConsoleRequests {
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final CharSequence HEADER = HttpHeaders.createOptimized("X-Requested-With");
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  private static final String PAGE = "/";
  private static final String PAGE_BY_NAME = "/index.html";
  private static final String OWN = "/assets/";
  private static final String LIBRARIES = "/webjars/";

  private static final Map<String, String> OF_FILES =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
              + " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
              + " require-trusted-types-for 'script'; trusted-types plots",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Cross-Origin-Resource-Policy",
          "same-origin");

  private final String cookie;
  private final String signIn;

  ConsoleRequests(
      @ConfigProperty(name = "quarkus.http.auth.form.cookie-name") String cookie,
      @ConfigProperty(name = "quarkus.http.auth.form.post-location") String signIn) {
    this.cookie = cookie;
    this.signIn = signIn;
  }

  /**
   * Adds the headers of the console's files. Builds are reproducible: all of them have files of one
   * date, so a browser may not ask by it. The address of a library has its version, so a browser
   * may keep that.
   */
  void describeFile(RoutingContext routing) {
    String path = routing.normalizedPath();
    boolean own = path.equals(PAGE) || path.equals(PAGE_BY_NAME) || path.startsWith(OWN);
    if (own || path.startsWith(LIBRARIES)) {
      routing.response().headers().addAll(OF_FILES);
    }
    if (own) {
      routing.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    }
  }

  /** Whether it is refused, and is then answered with 403. */
  boolean refuse(RoutingContext routing) {
    HttpServerRequest request = routing.request();
    if (request.headers().contains(HEADER)) {
      routing.addHeadersEndHandler(written -> askForNoPassword(request));
      return false;
    }
    boolean refused = !SAFE.contains(request.method().name()) && usesSession(routing);
    if (refused) {
      ProblemResponse.sendLast(request, HttpProblems.of(FORBIDDEN));
    }
    return refused;
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
