package io.zerodowntime.platform;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Bounds how many requests are under way at once (a bulkhead). What comes beyond is refused at
 * once: under more load than there is capacity for, a queue without a bound makes everybody wait
 * longer than they are willing to, and then nobody is served.
 */
@Singleton
class Admission {
  /** Behind {@link Farewell}, before bodies are looked at. */
  private static final int EARLY = 5000;

  private final AtomicInteger underWay = new AtomicInteger();
  private final int limit;
  private final String path;

  Admission(
      @ConfigProperty(name = "http.admission.limit") int limit,
      @ConfigProperty(name = "http.admission.path") String path) {
    if (limit < 1) {
      throw new StartException("MAX_REQUESTS must be at least 1, and is " + limit);
    }
    this.limit = limit;
    this.path = path;
  }

  void register(@Observes Filters filters) {
    filters.register(this::admit, EARLY);
  }

  private void admit(RoutingContext request) {
    if (!request.request().path().startsWith(path)) {
      request.next();
    } else if (underWay.incrementAndGet() > limit) {
      underWay.decrementAndGet();
      refuse(request, HttpProblems.overloaded());
    } else {
      request.addEndHandler(end -> underWay.decrementAndGet());
      request.next();
    }
  }

  private static void refuse(RoutingContext request, Problem problem) {
    request
        .response()
        .setStatusCode(problem.status())
        .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
        .putHeader(HttpHeaders.RETRY_AFTER, Integer.toString(problem.retryAfter().orElse(1)))
        .end(problem.json());
  }
}
