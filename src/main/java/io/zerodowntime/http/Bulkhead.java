package io.zerodowntime.http;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Bounds how much work for requests is in flight at once (a bulkhead). What comes beyond is refused
 * at once: under more load than there is capacity for, a queue without a bound makes all clients
 * wait longer than they are willing to, and then no client is served.
 *
 * <p>A slot is taken when a request's body is in and its work begins, and is free when the work has
 * ended, not when the client has gone. Where none is free, a request is refused before its body is
 * read; this look at the path is only cheaper, as the slot itself is asked for by the call.
 */
@Singleton
class Bulkhead {
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Refusals refusals;
  private final int limit;
  private final String path;

  Bulkhead(
      Refusals refusals,
      @ConfigProperty(name = "http.bulkhead.limit") int limit,
      @ConfigProperty(name = "http.bulkhead.path") String path) {
    if (limit < 1) {
      throw new ConfigurationException("MAX_REQUESTS must be at least 1, and is " + limit);
    }
    this.refusals = refusals;
    this.limit = limit;
    this.path = path;
  }

  /** Whether there is no slot for it, and it is then answered with 503; no slot is taken. */
  boolean refuse(RoutingContext request) {
    boolean refused = inFlight.get() >= limit && request.normalizedPath().startsWith(path);
    if (refused) {
      ProblemResponse.send(
          request.request(), refusals.counted(HttpProblems.overloaded(), request.request()));
    }
    return refused;
  }

  /** Takes a slot; false if none is free. */
  boolean enter() {
    boolean free = inFlight.incrementAndGet() <= limit;
    if (!free) {
      leave();
    }
    return free;
  }

  /** Gives a slot back. */
  void leave() {
    inFlight.decrementAndGet();
  }

  /** How many slots are taken. */
  int inFlight() {
    return inFlight.get();
  }
}
