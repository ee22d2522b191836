package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Proves that slots are bounded, given out in the order of the requests, and never lost. */
class FairSlotsTest {
  private final FairSlots slots = new FairSlots(2);
  private final List<Work> begun = new ArrayList<>();

  /** What is asked for under a name, and goes on until the test ends it. */
  private final class Work {
    private final String name;
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Cancellable asked;

    Work(String name, int weight) {
      this.name = name;
      this.asked = slots.share(weight, this::begin).subscribe().with(done -> {}, failed -> {});
    }

    private Uni<Void> begin() {
      begun.add(this);
      return Uni.createFrom().completionStage(end);
    }
  }

  private List<String> begun() {
    return begun.stream().map(work -> work.name).toList();
  }

  @Test
  void areGivenInTheOrderOfTheRequests() {
    Work a = new Work("a", 1);
    Work b = new Work("b", 1);
    Work c = new Work("c", 1);
    new Work("d", 1);
    assertThat(begun()).containsExactly("a", "b");

    b.end.complete(null);
    new Work("b again", 1);
    assertThat(begun()).containsExactly("a", "b", "c");
    c.end.completeExceptionally(new IllegalStateException("failed"));
    assertThat(begun()).containsExactly("a", "b", "c", "d");
    a.end.complete(null);
    assertThat(begun()).containsExactly("a", "b", "c", "d", "b again");
  }

  @Test
  void areNotTakenByLighterWorkThatCameLater() {
    Work light = new Work("light", 1);
    Work heavy = new Work("heavy", 2);
    new Work("later", 1);
    assertThat(begun()).containsExactly("light");
    light.end.complete(null);
    assertThat(begun()).containsExactly("light", "heavy");
    heavy.end.complete(null);
    assertThat(begun()).containsExactly("light", "heavy", "later");
  }

  @Test
  void areGivenBackByWorkThatIsCancelled() {
    Work working = new Work("working", 2);
    Work waiting = new Work("waiting", 2);
    new Work("last", 2);
    waiting.asked.cancel();
    assertThat(begun()).containsExactly("working");
    working.asked.cancel();
    assertThat(begun()).containsExactly("working", "last");
  }

  @Test
  void areGivenBackByWorkThatCannotBegin() {
    slots
        .share(
            2,
            () -> {
              throw new IllegalStateException("cannot begin");
            })
        .subscribe()
        .with(done -> {}, failed -> {});
    new Work("next", 2);
    assertThat(begun()).containsExactly("next");
  }

  @Test
  void areNeverTooFewForOneRequest() {
    new Work("wants three", 3);
    new Work("next", 1);
    assertThat(begun()).containsExactly("wants three");
  }

  @Test
  void grow() {
    new Work("first", 2);
    new Work("second", 2);
    slots.allow(1);
    assertThat(begun()).containsExactly("first");
    slots.allow(4);
    assertThat(begun()).containsExactly("first", "second");
  }
}
