package io.zerodowntime.http;

import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Counts every refusal under the path that {@link Bulkhead} guards. */
@Singleton
public class Refusals {
  private static final int REQUEST_TIMEOUT = 408;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNAVAILABLE = 503;

  private final RefusalMetrics metrics;
  private final String path;

  Refusals(RefusalMetrics metrics, @ConfigProperty(name = "http.bulkhead.path") String path) {
    this.metrics = metrics;
    this.path = path;
  }

  /** Counts the problem if it is a refusal, and gives it back. */
  public Problem counted(Problem problem, HttpServerRequest request) {
    boolean refused =
        problem.status() == UNAVAILABLE
            || problem.status() == REQUEST_TIMEOUT
            || (problem.status() == TOO_MANY_REQUESTS
                && Refusal.of(problem) == Refusal.RATE_LIMITED);
    if (refused && request.path() != null && request.path().startsWith(path)) {
      Refusal reason = Refusal.of(problem);
      metrics.refused(reason);
    }
    return problem;
  }
}
