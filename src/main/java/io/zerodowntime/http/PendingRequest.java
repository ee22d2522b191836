package io.zerodowntime.http;

import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Context;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.zerodowntime.db.RequestDeadline;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A request from the arrival of its head until it is answered and its work has ended. */
final class PendingRequest {
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");
  private static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  private final HttpServerRequest request;
  private final RequestDeadline deadline;
  private final Context context;
  private final AtomicBoolean late = new AtomicBoolean();
  private final AtomicBoolean slot = new AtomicBoolean();
  private volatile boolean working;
  private volatile boolean closed;
  private volatile boolean bodyOpen;
  private volatile @Nullable UniEmitter<?> answer;
  private volatile @Nullable Supplier<? extends RuntimeException> lateAnswer;

  PendingRequest(RoutingContext routing, RequestDeadline deadline, Context context) {
    this.request = routing.request();
    this.deadline = deadline;
    this.context = context;
  }

  HttpServerRequest request() {
    return request;
  }

  RequestDeadline deadline() {
    return deadline;
  }

  Context context() {
    return context;
  }

  /** Its work begins; whoever waits for it is answered by {@code emitter}. */
  void begin(UniEmitter<?> emitter, boolean admitted) {
    slot.set(admitted);
    answer = emitter;
    working = true;
  }

  /** Its work has ended. */
  void end() {
    working = false;
  }

  /** Whether it holds a slot, which it then holds no more. */
  boolean takeSlot() {
    return slot.compareAndSet(true, false);
  }

  /** True the first time only. */
  boolean turnsLate() {
    return late.compareAndSet(false, true);
  }

  boolean isLate() {
    return late.get();
  }

  /** Its answer was written, or its client has gone; to be called in its own context. */
  void close() {
    closed = true;
    bodyOpen = awaitsBody();
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * Whether nothing of it is left: no work, no answer to be written, no body to come. It may be
   * asked by any thread: it takes no lock of the response, which another event loop may hold while
   * it waits for the connection of this one.
   */
  boolean isOver() {
    return !working && closed && !bodyOpen;
  }

  /** Null until its work has begun. */
  @Nullable UniEmitter<?> answer() {
    return answer;
  }

  /** Empty until it was said what a late request is answered with. */
  void answerLateWith(Supplier<? extends RuntimeException> failure) {
    lateAnswer = failure;
  }

  /** What it is answered with when its time is over while its work goes on. */
  RuntimeException lateAnswer() {
    Supplier<? extends RuntimeException> given = lateAnswer;
    return given == null ? new ProblemException(lateProblem()) : given.get();
  }

  private Problem lateProblem() {
    if (SAFE.contains(request.method().name())) {
      return HttpProblems.late();
    }
    if (request.headers().contains(IDEMPOTENCY_KEY)) {
      return HttpProblems.lateUnderKey();
    }
    // a write without a slot is an operator's: what it sends is not marked
    return deadline.isWriteSent() || !slot.get()
        ? HttpProblems.lateOutcomeUnknown()
        : HttpProblems.late();
  }

  /** Whether its body is still coming in. A request without one is never ended while paused. */
  boolean awaitsBody() {
    return !SAFE.contains(request.method().name())
        && !request.isEnded()
        && (request.headers().contains(HttpHeaders.TRANSFER_ENCODING)
            || hasLength()
            || ProblemResponse.isHttp2(request));
  }

  private boolean hasLength() {
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    return length != null && !"0".equals(length);
  }
}
