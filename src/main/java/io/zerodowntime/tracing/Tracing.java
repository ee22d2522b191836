package io.zerodowntime.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/**
 * Begins traces, if a receiver is configured. It is the SDK of OpenTelemetry without Quarkus'
 * extension: that one makes a span of each statement inside the request that happened to send it,
 * and this service needs one that is linked to all requests which share the statement
 * (docs/decisions.md).
 */
@Singleton
public class Tracing {
  private static final String SCOPE = "io.zerodowntime";

  /** Before the pools are closed, behind what still ends a request. */
  private static final int NEARLY_LAST = Integer.MAX_VALUE - 1;

  private final @Nullable SpanQueue queue;
  private final @Nullable Tracer tracer;

  Tracing(Config config, Vertx vertx) {
    TracingSettings settings = TracingSettings.of(config);
    if (settings == null) {
      queue = null;
      tracer = null;
    } else {
      queue = new SpanQueue(new OtlpSender(vertx, settings)::send, SpanQueue.Bounds.USUAL);
      queue.start(vertx);
      tracer =
          SdkTracerProvider.builder()
              .setResource(Resource.create(resource(settings)))
              .setSampler(new LinkedSampler(settings.sampler()))
              .addSpanProcessor(queue)
              .build()
              .get(SCOPE);
    }
  }

  private static Attributes resource(TracingSettings settings) {
    var attributes = Attributes.builder();
    settings.resource().forEach(attributes::put);
    return attributes.build();
  }

  /** Counts are shown from the start; and a malformed setting ends it, not the first request. */
  void start(@Observes StartupEvent event, TracingMetrics metrics) {
    if (queue != null) {
      metrics.register(queue);
    }
  }

  /** Sends what waits, for {@link SpanQueue#LAST_SEND} at most. */
  void stop(@Observes @Priority(NEARLY_LAST) ShutdownEvent event) {
    if (queue != null) {
      queue.finish();
    }
  }

  /** Whether there is a receiver. */
  public boolean isOn() {
    return tracer != null;
  }

  /**
   * Begins the trace of a request, or goes on with that of its client.
   *
   * @param header gives the value of a header, null if there is none
   */
  public @Nullable Trace request(String name, UnaryOperator<@Nullable String> header) {
    return begin(name, SpanKind.SERVER, extract(header));
  }

  /** Begins the trace of work that no request asks for; null where nothing is traced. */
  public @Nullable Trace work(String name) {
    return begin(name, SpanKind.INTERNAL, Context.root());
  }

  private @Nullable Trace begin(String name, SpanKind kind, Context parent) {
    return tracer == null
        ? null
        : new Trace(
            tracer, tracer.spanBuilder(name).setParent(parent).setSpanKind(kind).startSpan(), null);
  }

  /**
   * Begins the trace of work that may come to nothing: it and its parts go to the receiver only if
   * it is {@linkplain Trace#keep kept}.
   */
  public @Nullable Trace attempt(String name) {
    return tracer == null
        ? null
        : Trace.provisional(tracer, tracer.spanBuilder(name).setNoParent().startSpan());
  }

  /**
   * Records what has ended, as a part of a trace that another process may have begun.
   *
   * @param traceparent of that trace; null if it was not traced
   */
  public void record(
      String name,
      @Nullable String traceparent,
      Instant begin,
      Instant end,
      Consumer<Trace> description) {
    if (tracer != null) {
      SpanBuilder builder =
          tracer
              .spanBuilder(name)
              .setParent(extract(key -> "traceparent".equals(key) ? traceparent : null))
              .setStartTimestamp(begin);
      Span span = builder.startSpan();
      description.accept(new Trace(tracer, span, null));
      span.end(end);
    }
  }

  private static Context extract(UnaryOperator<@Nullable String> header) {
    return W3CTraceContextPropagator.getInstance()
        .extract(Context.root(), header, HeaderGetter.INSTANCE);
  }

  /** Reads single headers only: nothing asks for their names. */
  private enum HeaderGetter implements TextMapGetter<UnaryOperator<@Nullable String>> {
    INSTANCE;

    @Override
    public Iterable<String> keys(UnaryOperator<@Nullable String> header) {
      return List.of();
    }

    @Override
    public @Nullable String get(@Nullable UnaryOperator<@Nullable String> header, String key) {
      return header == null ? null : header.apply(key);
    }
  }
}
