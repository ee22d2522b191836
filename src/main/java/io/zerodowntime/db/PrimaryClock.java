package io.zerodowntime.db;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When the primary's log was where, by the primary's clock. A replica that has replayed a position
 * shows all that was committed when the log ended there: so its lag can be told on an idle primary
 * as well, where the time of the last replayed commit would be old.
 */
final class PrimaryClock {
  /** A sample a second: more than the longest lag at which a replica is read. */
  private static final int SAMPLES = 600;

  private final LongSupplier nanoTime;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private @Nullable Sample latest;
  private long sentAt;

  PrimaryClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  private record Sample(WritePosition position, Instant at) {}

  /**
   * Adds what the primary said.
   *
   * @param at the primary's clock, read before the position
   * @param sent when it was asked, by this process' clock: so its clock is never taken for earlier
   */
  synchronized void add(WritePosition position, Instant at, long sent) {
    Sample before = latest;
    if (before != null && !before.position().isOnLineOf(position)) {
      samples.clear();
    }
    latest = new Sample(position, at);
    sentAt = sent;
    samples.addFirst(latest);
    if (samples.size() > SAMPLES) {
      samples.removeLast();
    }
  }

  /** Where the log was at the last sample; empty before the first one. */
  synchronized Optional<WritePosition> position() {
    return Optional.ofNullable(latest).map(Sample::position);
  }

  /** The primary's clock now, or a little later; empty before the first sample. */
  synchronized Optional<Instant> now() {
    return Optional.ofNullable(latest)
        .map(sample -> sample.at().plus(Duration.ofNanos(nanoTime.getAsLong() - sentAt)));
  }

  /** The latest moment of which a replica shows everything; empty if that is too long ago. */
  synchronized Optional<Instant> contained(ReplicaLook look) {
    return samples.stream()
        .filter(sample -> look.covers(sample.position()))
        .findFirst()
        .map(Sample::at);
  }
}
