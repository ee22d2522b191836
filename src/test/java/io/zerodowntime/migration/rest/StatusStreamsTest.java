package io.zerodowntime.migration.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import io.zerodowntime.testing.Timeouts;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Streams go on, and end when the process is asked to stop or a reading fails. */
class StatusStreamsTest {
  private final StatusStreams streams = new StatusStreams();
  private final AtomicInteger readings = new AtomicInteger();

  private AssertSubscriber<Integer> listen(Uni<Integer> reading) {
    return streams.of(() -> reading).subscribe().withSubscriber(AssertSubscriber.create(1000));
  }

  @Test
  void endWhenTheProcessIsAskedToStop() {
    AssertSubscriber<Integer> listener = listen(Uni.createFrom().item(readings::incrementAndGet));
    listener.awaitItems(2, Timeouts.LIMIT);
    assertThat(listener.getItems().get(0)).as("at once").isEqualTo(1);
    streams.leave(new ShutdownDelayInitiatedEvent());
    listener.awaitCompletion(Timeouts.LIMIT);
  }

  @Test
  void endWithTheReadingThatFails() {
    listen(Uni.createFrom().failure(new IllegalStateException("away")))
        .awaitFailure(Timeouts.LIMIT)
        .assertFailedWith(IllegalStateException.class, "away");
  }
}
