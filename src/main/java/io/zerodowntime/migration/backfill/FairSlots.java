package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A number of slots that are given out in the order in which they were asked for. Whoever has had
 * one asks again behind all that wait, so that those who ask all the time get equal shares, and
 * none starves. Thread-safe; waits for no thread.
 */
final class FairSlots {
  private final Deque<Slot> waiting = new ArrayDeque<>();
  private int capacity;
  private int free;

  FairSlots(int capacity) {
    this.capacity = capacity;
    this.free = capacity;
  }

  /** Raises the capacity to this one, if it is lower. */
  void allow(int atLeast) {
    synchronized (this) {
      free += Math.max(0, atLeast - capacity);
      capacity = Math.max(capacity, atLeast);
    }
    grant();
  }

  /** Does the work while it has this many slots, at most all; gives them back however it ends. */
  <T> Uni<T> share(int weight, Supplier<Uni<? extends T>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Slot slot = slot(weight);
              return slot.granted()
                  .chain(() -> Uni.createFrom().<T>deferred(work))
                  .onTermination()
                  .invoke(slot::release);
            });
  }

  /** The same if it gets them within this time, else what is left to do without. */
  <T> Uni<T> shareWithin(
      Duration longest,
      int weight,
      Supplier<Uni<? extends T>> work,
      Supplier<Uni<? extends T>> without) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Slot slot = slot(weight);
              return slot.granted()
                  .replaceWith(true)
                  .ifNoItem()
                  .after(longest)
                  .recoverWithItem(false)
                  .chain(granted -> Uni.createFrom().<T>deferred(granted ? work : without))
                  .onTermination()
                  .invoke(slot::release);
            });
  }

  /** To be asked for by {@link Slot#granted}, and to be given back in any case. */
  Slot slot(int weight) {
    return new Slot(weight);
  }

  private void grant() {
    List<UniEmitter<? super Void>> granted = new ArrayList<>();
    synchronized (this) {
      for (Slot next = waiting.peek(); next != null && fits(next); next = waiting.peek()) {
        waiting.remove();
        granted.add(next.take());
      }
    }
    granted.forEach(emitter -> emitter.complete(null));
  }

  private boolean fits(Slot next) {
    return Math.min(next.weight, capacity) <= free;
  }

  /** One or several slots that are asked for together. */
  final class Slot {
    private final int weight;
    private @Nullable UniEmitter<? super Void> emitter;
    private int held;
    private boolean over;

    private Slot(int weight) {
      this.weight = weight;
    }

    /** Waits, behind all that wait already; to be subscribed to once. */
    Uni<Void> granted() {
      return Uni.createFrom()
          .emitter(
              asked -> {
                synchronized (FairSlots.this) {
                  if (over) {
                    return;
                  }
                  emitter = asked;
                  waiting.add(this);
                }
                grant();
              });
    }

    private UniEmitter<? super Void> take() {
      held = Math.min(weight, capacity);
      free -= held;
      return Objects.requireNonNull(emitter);
    }

    /** Gives them back, or asks for them no longer; may be called again. */
    void release() {
      synchronized (FairSlots.this) {
        over = true;
        waiting.remove(this);
        free += held;
        held = 0;
      }
      grant();
    }
  }
}
