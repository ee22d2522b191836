package io.zerodowntime.migration.backfill;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** The rate of a growing total over the last {@link #WINDOW}, from samples of it. Thread-safe. */
public final class RateMeter {
  /** Long enough to smooth batches, short enough to follow a change of pace. */
  public static final Duration WINDOW = Duration.ofSeconds(15);

  private final Deque<Sample> samples = new ArrayDeque<>();
  private long runId = -1;

  /** Takes a total at a time of {@link System#nanoTime}; another run starts afresh. */
  public synchronized void sample(long run, long total, long nanos) {
    if (run != runId) {
      samples.clear();
      runId = run;
    }
    samples.addLast(new Sample(total, nanos));
    while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW.toNanos()) {
      samples.removeFirst();
    }
  }

  /** Rows per second within the window; 0 with fewer than two samples. */
  public synchronized double perSecond() {
    if (samples.size() < 2) {
      return 0;
    }
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    long nanos = last.nanos() - first.nanos();
    return nanos <= 0 ? 0 : (last.total() - first.total()) * 1e9 / nanos;
  }

  /** When {@code remaining} rows will be done at the present rate; empty while nothing moves. */
  public Optional<Duration> eta(long remaining) {
    double rate = perSecond();
    return rate <= 0
        ? Optional.empty()
        : Optional.of(Duration.ofSeconds((long) Math.ceil(remaining / rate)));
  }

  private record Sample(long total, long nanos) {}
}
