package io.zerodowntime.migration.rest;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Streams of readings, one a second until the client hangs up or the process is asked to stop: a
 * stream must not hold up the end. A slow client misses some.
 */
@ApplicationScoped
class StatusStreams {
  static final Duration TICK = Duration.ofSeconds(1);

  private volatile boolean leaving;

  void leave(@Observes ShutdownDelayInitiatedEvent event) {
    leaving = true;
  }

  void stop(@Observes ShutdownEvent event) {
    leaving = true;
  }

  /** The first reading at once; a reading that fails ends the stream. */
  <T> Multi<T> of(Supplier<Uni<T>> reading) {
    return Multi.createBy()
        .concatenating()
        .streams(
            Multi.createFrom().item(0L), Multi.createFrom().ticks().every(TICK).onOverflow().drop())
        .select()
        .first(tick -> !leaving)
        .onItem()
        .transformToUniAndConcatenate(tick -> reading.get());
  }
}
