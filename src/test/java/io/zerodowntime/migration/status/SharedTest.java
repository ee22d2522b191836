package io.zerodowntime.migration.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** However many ask, one reading is in flight. */
class SharedTest {
  private final List<UniEmitter<? super String>> readings = new ArrayList<>();

  private Shared<String> shared(Duration fresh) {
    return new Shared<>(() -> Uni.createFrom().emitter(readings::add), fresh);
  }

  @Test
  void allWhoAskMeanwhileGetTheSameReading() {
    Shared<String> shared = shared(Duration.ofHours(1));
    AtomicReference<String> first = new AtomicReference<>();
    AtomicReference<String> second = new AtomicReference<>();
    Cancellable hangsUp = shared.get().subscribe().with(item -> {});
    shared.get().subscribe().with(first::set);
    hangsUp.cancel();
    shared.get().subscribe().with(second::set);
    assertThat(readings).hasSize(1);
    readings.get(0).complete("here");
    assertThat(first).hasValue("here");
    assertThat(second).hasValue("here");
    shared.get().subscribe().with(first::set);
    assertThat(readings).as("still fresh").hasSize(1);
  }

  @Test
  void aNewOneBeginsOnlyWhenTheLastOneIsOver() {
    Shared<String> shared = shared(Duration.ZERO);
    shared.get().subscribe().with(item -> {}, failure -> {});
    shared.get().subscribe().with(item -> {}, failure -> {});
    assertThat(readings).as("old, but in flight").hasSize(1);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    shared.get().subscribe().with(item -> {}, failed::set);
    readings.get(0).fail(new IllegalStateException("away"));
    assertThat(failed.get()).hasMessage("away");
    shared.get().subscribe().with(item -> {});
    assertThat(readings).hasSize(2);
  }
}
