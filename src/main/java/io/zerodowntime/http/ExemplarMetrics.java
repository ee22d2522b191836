package io.zerodowntime.http;

import io.prometheus.client.exemplars.DefaultExemplarSampler;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.prometheus.client.exemplars.tracer.common.SpanContextSupplier;
import io.quarkus.micrometer.runtime.export.exemplars.OpenTelemetryContextUnwrapper;
import io.vertx.core.Context;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.tracing.Trace;
import io.zerodowntime.tracing.Tracing;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gives buckets of histograms the trace of one of their requests (an exemplar), where traces are
 * sent. The server's meters record a request outside of its context, and say whose it is.
 */
@Singleton
@Alternative
@Priority(1)
class ExemplarMetrics implements OpenTelemetryContextUnwrapper, SpanContextSupplier {
  private final Tracing tracing;
  private final ThreadLocal<@Nullable Trace> recorded = new ThreadLocal<>();

  ExemplarMetrics(Tracing tracing) {
    this.tracing = tracing;
  }

  /** None where nothing is traced: then nothing of it is asked for at each request. */
  @Produces
  @Singleton
  @Alternative
  @Priority(1)
  Optional<ExemplarSampler> sampler() {
    return tracing.isOn() ? Optional.of(new DefaultExemplarSampler(this)) : Optional.empty();
  }

  @Override
  public <P, R> R executeInContext(Function<P, R> record, P value, Context request) {
    RequestDeadline work = tracing.isOn() ? RequestDeadline.of(request) : null;
    if (work == null) {
      return record.apply(value);
    }
    recorded.set(work.trace());
    try {
      return record.apply(value);
    } finally {
      recorded.remove();
    }
  }

  private @Nullable Trace current() {
    return recorded.get();
  }

  @Override
  public @Nullable String getTraceId() {
    Trace trace = current();
    return trace == null ? null : trace.traceId();
  }

  @Override
  public @Nullable String getSpanId() {
    Trace trace = current();
    return trace == null ? null : trace.spanId();
  }

  @Override
  public boolean isSampled() {
    Trace trace = current();
    return trace != null && trace.isSampled();
  }
}
