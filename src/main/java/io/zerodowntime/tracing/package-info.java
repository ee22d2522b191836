/**
 * Traces: what a request, a batch or a step did, and how long each part took. The one package that
 * knows OpenTelemetry. It owns the queue of finished spans and sends them to a receiver by OTLP; it
 * makes nothing at all where no receiver is configured. It depends on no other package of this
 * project.
 */
@NullMarked
package io.zerodowntime.tracing;

import org.jspecify.annotations.NullMarked;
