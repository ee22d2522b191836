package io.zerodowntime.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One piece of work that is traced: a span, and what makes others from it. Where nothing is traced
 * there is none, so the static methods take null and do nothing then.
 */
public final class Trace {
  private static final String DATABASE = "postgresql";

  private final Tracer tracer;
  private final Span span;
  private final @Nullable List<Runnable> ends;

  Trace(Tracer tracer, Span span, @Nullable List<Runnable> ends) {
    this.tracer = tracer;
    this.span = span;
    this.ends = ends;
  }

  /**
   * Whether the span goes to the receiver; the identifiers of one that does not are still valid.
   */
  public boolean isSampled() {
    return span.getSpanContext().isSampled();
  }

  /** 32 hexadecimal digits. */
  public String traceId() {
    return span.getSpanContext().getTraceId();
  }

  /** 16 hexadecimal digits. */
  public String spanId() {
    return span.getSpanContext().getSpanId();
  }

  /** The value of the header {@code traceparent} by which other processes go on with this trace. */
  public String traceparent() {
    SpanContext context = span.getSpanContext();
    return "00-%s-%s-%s"
        .formatted(context.getTraceId(), context.getSpanId(), context.getTraceFlags().asHex());
  }

  /**
   * A part of this work.
   *
   * @param parent null where nothing is traced
   * @return null unless the parent is sampled
   */
  public static @Nullable Trace part(@Nullable Trace parent, String name) {
    return parent == null || !parent.isSampled() ? null : parent.child(name, SpanKind.INTERNAL);
  }

  /** The same for a statement that is sent to the database. */
  public static @Nullable Trace statement(@Nullable Trace parent, String name) {
    return parent == null || !parent.isSampled()
        ? null
        : ofDatabase(parent.child(name, SpanKind.CLIENT), name);
  }

  /**
   * A statement that does the work of several requests. It is part of none of them: it has a trace
   * of its own, with a link to each sampled request, and each of these has a link to it.
   *
   * @return null if no request is sampled
   */
  public static @Nullable Trace sharedStatement(List<Trace> requests, String name) {
    List<Trace> sampled = requests.stream().filter(Trace::isSampled).toList();
    if (sampled.isEmpty()) {
      return null;
    }
    Tracer tracer = sampled.get(0).tracer;
    SpanBuilder builder = tracer.spanBuilder(name).setNoParent().setSpanKind(SpanKind.CLIENT);
    sampled.forEach(each -> builder.addLink(each.span.getSpanContext()));
    Span shared = builder.startSpan();
    sampled.forEach(each -> each.span.addLink(shared.getSpanContext()));
    return ofDatabase(new Trace(tracer, shared, null), name)
        .put("db.operation.batch.size", requests.size());
  }

  private static Trace ofDatabase(Trace trace, String name) {
    return trace.put("db.system.name", DATABASE).put("db.query.summary", name);
  }

  private Trace child(String name, SpanKind kind) {
    Span child =
        tracer.spanBuilder(name).setParent(Context.root().with(span)).setSpanKind(kind).startSpan();
    return new Trace(tracer, child, ends);
  }

  /** Gives the work back, with an end of the trace at its end. */
  public static <T> Uni<T> during(@Nullable Trace trace, Uni<T> work) {
    return trace == null
        ? work
        : work.onTermination().invoke((item, failure, cancelled) -> trace.end(failure));
  }

  /** Says something about the work. */
  public Trace put(String key, String value) {
    span.setAttribute(key, value);
    return this;
  }

  /** Says something about the work. */
  public Trace put(String key, long value) {
    span.setAttribute(key, value);
    return this;
  }

  /** Gives the work another name, once more is known of it. */
  public Trace rename(String name) {
    span.updateName(name);
    return this;
  }

  /** The work was answered with a failure of the server's own. */
  public Trace fail(String type) {
    span.setStatus(StatusCode.ERROR).setAttribute("error.type", type);
    return this;
  }

  /**
   * The work has ended.
   *
   * @param failure null if it was done
   */
  public void end(@Nullable Throwable failure) {
    if (failure != null) {
      fail(failure.getClass().getName());
    }
    if (ends == null) {
      span.end();
    } else {
      Instant now = Instant.now();
      ends.add(() -> span.end(now));
    }
  }

  /** Sends a provisional trace to the receiver, with all its parts. */
  public void keep() {
    if (ends != null) {
      List.copyOf(ends).forEach(Runnable::run);
      ends.clear();
    }
  }

  /** A trace that goes to the receiver only if it is {@linkplain #keep kept}. */
  static Trace provisional(Tracer tracer, Span span) {
    return new Trace(tracer, span, new ArrayList<>());
  }
}
