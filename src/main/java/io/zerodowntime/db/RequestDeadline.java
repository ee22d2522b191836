package io.zerodowntime.db;

import io.smallrye.common.vertx.VertxContext;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.zerodowntime.tracing.Trace;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The instant by which a request must be answered, whether one of its writes was sent, and what it
 * is known by on the log and in traces.
 *
 * <p>It travels in the locals of the request's Vert.x context, so whatever works for the request
 * finds it without a parameter. Work without a request (heartbeat, backfill) has none, and bounds
 * of its own.
 */
public final class RequestDeadline {
  private static final String KEY = RequestDeadline.class.getName();

  private final long atNanos;
  private volatile boolean writeSent;
  private volatile boolean outcomeUnknown;
  private volatile boolean detached;
  private volatile @Nullable RequestPosition position;
  private volatile @Nullable Trace trace;
  private volatile String requestId = "";

  private RequestDeadline(long atNanos) {
    this.atNanos = atNanos;
  }

  /** Starts the deadline of the request whose context is the current one. */
  public static RequestDeadline start(Duration limit) {
    RequestDeadline deadline = new RequestDeadline(System.nanoTime() + limit.toNanos());
    Vertx.currentContext().putLocal(KEY, deadline);
    return deadline;
  }

  /** The deadline of the request that is being worked on; empty outside a request. */
  public static Optional<RequestDeadline> current() {
    return Optional.ofNullable(ofContext()).filter(deadline -> !deadline.detached);
  }

  /** The deadline of the current request, detached or not; null outside a request. */
  public static @Nullable RequestDeadline ofContext() {
    return of(Vertx.currentContext());
  }

  /** The same for the request that this context belongs to. */
  public static @Nullable RequestDeadline of(@Nullable Context context) {
    // a root context is shared by all that runs on its event loop, and has no locals
    return context != null && VertxContext.isDuplicatedContext(context)
        ? context.getLocal(KEY)
        : null;
  }

  /** Bounds the answer only from now on: the work of the request has no deadline any more. */
  public void detach() {
    detached = true;
  }

  /** The time that is left; negative once the deadline has passed. */
  public Duration remaining() {
    return Duration.ofNanos(atNanos - System.nanoTime());
  }

  /** Whether the time is over. */
  public boolean hasPassed() {
    return atNanos - System.nanoTime() <= 0;
  }

  /**
   * What this request is known by on the log.
   *
   * @param id of the header X-Request-Id, or made
   */
  public void identify(String id) {
    requestId = id;
  }

  /** Empty until it is known. */
  public String requestId() {
    return requestId;
  }

  /** From now on what is done for the request is a part of this trace. */
  public void traceAs(@Nullable Trace begun) {
    trace = begun;
  }

  /**
   * Begins the trace of a statement for the current request.
   *
   * @param name what the statement is called in traces
   * @return null where nothing is traced
   */
  public static @Nullable Trace statement(String name) {
    RequestDeadline request = ofContext();
    return request == null ? null : Trace.statement(request.trace, name);
  }

  /** Null where nothing is traced. */
  public @Nullable Trace trace() {
    return trace;
  }

  /** From now on the positions of the request's writes are read and kept here. */
  public void keepIn(RequestPosition kept) {
    position = kept;
  }

  /** Null where there are no replicas, so that the positions of writes are of no use. */
  public @Nullable RequestPosition position() {
    return position;
  }

  /** Records that a statement that writes goes to the server: from now on it may be done. */
  public void markWriteSent() {
    writeSent = true;
  }

  /**
   * Records that what was sent was certainly not done, for example as it failed with a lock
   * timeout.
   */
  public void markWriteNotDone() {
    writeSent = false;
  }

  /** Records that a write was sent, and that nothing will tell whether it was done. */
  public void markOutcomeUnknown() {
    outcomeUnknown = true;
  }

  /**
   * Whether an attempt may have been done, of which nothing is known: that a later one was refused
   * does not change it.
   */
  public boolean isOutcomeUnknown() {
    return outcomeUnknown;
  }

  /** Whether a write was sent whose outcome is not known, or not yet. */
  public boolean isWriteSent() {
    return writeSent || outcomeUnknown;
  }
}
