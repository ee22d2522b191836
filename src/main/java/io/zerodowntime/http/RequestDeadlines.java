package io.zerodowntime.http;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.RequestDeadline;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Answers every request within its deadline, whatever becomes of its work. One timer looks at all
 * requests in flight; there is none for each request.
 *
 * <p>The work is independent of the answer: it goes on after the client has hung up or was answered
 * with 503, and it holds its slot until it ends.
 */
@Singleton
public class RequestDeadlines {
  private static final Logger LOG = Logger.getLogger(RequestDeadlines.class);

  private static final long LOOK_MILLIS = 100;
  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofMinutes(10);

  /** Longer than any statement of a request lasts: its slot is given back even if it hangs. */
  private static final Duration ABANDONED = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final Bulkhead bulkhead;
  private final Refusals refusals;
  private final Duration limit;
  private final Map<RequestDeadline, PendingRequest> pending = new ConcurrentHashMap<>();
  private long timer;

  RequestDeadlines(
      Vertx vertx,
      Bulkhead bulkhead,
      Refusals refusals,
      @ConfigProperty(name = "request.deadline") Duration limit) {
    if (limit.compareTo(SHORTEST) < 0 || limit.compareTo(LONGEST) > 0) {
      throw new ConfigurationException(
          "REQUEST_DEADLINE must be between 100ms and 10m, and is " + limit.toMillis() + "ms");
    }
    this.vertx = vertx;
    this.bulkhead = bulkhead;
    this.refusals = refusals;
    this.limit = limit;
  }

  /** Before the first request comes. */
  void watch(@Observes Filters filters) {
    timer = vertx.setPeriodic(LOOK_MILLIS, tick -> pending.values().forEach(this::check));
  }

  void stop(@Observes ShutdownEvent event) {
    vertx.cancelTimer(timer);
  }

  /** From now on the request whose context is the current one is answered in time. */
  RequestDeadline start(RoutingContext routing) {
    RequestDeadline deadline = RequestDeadline.start(limit);
    PendingRequest request = new PendingRequest(routing, deadline, Vertx.currentContext());
    pending.put(deadline, request);
    routing.addEndHandler(end -> close(request));
    return deadline;
  }

  private void close(PendingRequest request) {
    request.close();
    if (request.isOver()) {
      pending.remove(request.deadline());
    }
  }

  /** Bounds the time of a call. */
  <T> Uni<T> bound(Uni<T> work) {
    return Uni.createFrom().emitter(answer -> run(work, answer, false));
  }

  /** Bounds the time and the number of calls. */
  <T> Uni<T> admit(Uni<T> work) {
    return Uni.createFrom()
        .emitter(
            answer -> {
              if (bulkhead.enter()) {
                run(work, answer, true);
              } else {
                answer.fail(new ProblemException(HttpProblems.overloaded()));
              }
            });
  }

  /** Bounds the time until the first item; the stream is then without a deadline. */
  <T> Multi<T> firstOf(Multi<T> stream) {
    PendingRequest request = current();
    if (request == null) {
      return stream;
    }
    request.deadline().detach();
    return stream.ifNoItem().after(limit).failWith(() -> new ProblemException(HttpProblems.late()));
  }

  /**
   * Says that the work of the current request goes on past its deadline: the client is then
   * answered with 202. What the work does has no deadline any more.
   *
   * @param location where the client sees what became of it
   */
  public void acceptLate(String location) {
    PendingRequest request = current();
    if (request != null) {
      request.answerLateWith(() -> new AcceptedException(location));
      request.deadline().detach();
    }
  }

  // null where a call does not come over HTTP
  private @Nullable PendingRequest current() {
    RequestDeadline deadline = RequestDeadline.ofContext();
    return deadline == null ? null : pending.get(deadline);
  }

  // not bound to the one who waits: neither a late answer nor a hang-up cancels the work
  private <T> void run(Uni<T> work, UniEmitter<? super T> answer, boolean admitted) {
    PendingRequest request = current();
    if (request != null) {
      request.begin(answer, admitted);
    }
    work.subscribe()
        .with(
            item -> {
              end(request, admitted);
              answer.complete(item);
            },
            failure -> {
              end(request, admitted);
              logIfUnseen(request, admitted, failure);
              answer.fail(failure);
            });
  }

  // an order's client learns it when it sends the order again; an operator may not come back
  private static void logIfUnseen(
      @Nullable PendingRequest request, boolean admitted, Throwable failure) {
    if (!admitted && request != null && request.isLate()) {
      LOG.warnf(
          "%s %s failed after it was answered: %s",
          request.request().method(), request.request().path(), failure.getMessage());
    }
  }

  private void end(@Nullable PendingRequest request, boolean admitted) {
    if (request == null) {
      leave(admitted);
    } else {
      request.end();
      leave(request.takeSlot());
    }
  }

  private void leave(boolean admitted) {
    if (admitted) {
      bulkhead.leave();
    }
  }

  private void check(PendingRequest request) {
    Duration remaining = request.deadline().remaining();
    if (request.isOver()) {
      pending.remove(request.deadline());
    } else if (remaining.isNegative() && request.turnsLate()) {
      request.context().runOnContext(late -> answer(request));
    } else if (remaining.compareTo(ABANDONED.negated()) < 0) {
      abandon(request);
    } else if (request.isClosed()) {
      request.context().runOnContext(later -> close(request));
    }
  }

  private void answer(PendingRequest late) {
    HttpServerRequest request = late.request();
    UniEmitter<?> answer = late.answer();
    if (answer != null) {
      answer.fail(late.lateAnswer());
    } else if (late.awaitsBody() && !request.response().headWritten()) {
      ProblemResponse.sendLast(request, refusals.counted(HttpProblems.bodyTimeout(), request))
          .onComplete(sent -> hangUp(late));
    } else if (late.awaitsBody()) {
      hangUp(late);
    } else if (late.isClosed()) {
      pending.remove(late.deadline());
    }
  }

  private void hangUp(PendingRequest late) {
    pending.remove(late.deadline());
    ProblemResponse.hangUp(late.request());
  }

  private void abandon(PendingRequest request) {
    pending.remove(request.deadline());
    if (request.takeSlot()) {
      bulkhead.leave();
      LOG.warnf("the work of a %s did not end; its slot is free", request.request().method());
    }
  }

  /** How many requests are not over. */
  int pending() {
    return pending.size();
  }
}
