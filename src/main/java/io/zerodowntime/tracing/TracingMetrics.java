package io.zerodowntime.tracing;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;

/** What becomes of spans, where traces are sent; without a receiver there is no series of it. */
@Singleton
class TracingMetrics {
  private final MeterRegistry registry;

  TracingMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void register(SpanQueue queue) {
    FunctionCounter.builder("tracing.spans.exported", queue, SpanQueue::exported)
        .description("Spans that the receiver has taken")
        .register(registry);
    FunctionCounter.builder("tracing.spans.dropped", queue, SpanQueue::droppedAsFull)
        .description("Spans that were dropped, and why")
        .tag("reason", "queue_full")
        .register(registry);
    FunctionCounter.builder("tracing.spans.dropped", queue, SpanQueue::droppedAsFailed)
        .description("Spans that were dropped, and why")
        .tag("reason", "not_taken")
        .register(registry);
  }
}
