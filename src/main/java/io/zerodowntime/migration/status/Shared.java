package io.zerodowntime.migration.status;

import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * One reading for all who ask at about the same time: a new one begins when the last one is over
 * and began so long ago. Whoever hangs up does not cancel it for the others.
 *
 * @param <T> what is read
 */
final class Shared<T> {
  private final Supplier<Uni<T>> reading;
  private final Duration fresh;
  private Uni<T> last = Uni.createFrom().nothing();
  private boolean over = true;
  private long began = Long.MIN_VALUE;

  Shared(Supplier<Uni<T>> reading, Duration fresh) {
    this.reading = reading;
    this.fresh = fresh;
  }

  /** The last reading, in flight or done, or a new one; fails if that one does. */
  synchronized Uni<T> get() {
    long now = System.nanoTime();
    if (over && (began == Long.MIN_VALUE || now - began > fresh.toNanos())) {
      began = now;
      over = false;
      last = reading.get().onTermination().invoke(this::end).memoize().indefinitely();
    }
    return last;
  }

  private synchronized void end() {
    over = true;
  }
}
