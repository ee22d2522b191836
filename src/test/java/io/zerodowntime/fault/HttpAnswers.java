package io.zerodowntime.fault;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** All answers of one run, while they come in. */
final class HttpAnswers {
  private static final long CALM = Duration.ofSeconds(1).toNanos();

  private final Queue<HttpAnswer> all = new ConcurrentLinkedQueue<>();

  void add(HttpAnswer answer) {
    all.add(answer);
  }

  Collection<HttpAnswer> all() {
    return List.copyOf(all);
  }

  /** Those that were in flight at some moment between two instants. */
  List<HttpAnswer> between(long from, long to) {
    return all.stream().filter(a -> a.sent() < to && a.ended() >= from).toList();
  }

  /**
   * How long after an instant the service was back to normal: for a second since, every answer was
   * a success, and there was one for each of these calls. Hasty clients that give up do not count:
   * on a slow machine 64 updates of one row take longer than they wait, locked or not.
   *
   * @return empty while it does not hold
   */
  Optional<Duration> recovery(long from, Set<Call> calls) {
    long lastBad =
        ended(from)
            .filter(a -> !a.good() && !a.gaveUp())
            .mapToLong(HttpAnswer::ended)
            .max()
            .orElse(from);
    long back = lastBad;
    for (Call call : calls) {
      Optional<Long> first =
          ended(lastBad)
              .filter(a -> a.call() == call && a.good() && a.sent() >= from)
              .map(HttpAnswer::ended)
              .min(Long::compare);
      if (first.isEmpty()) {
        return Optional.empty();
      }
      back = Math.max(back, first.get());
    }
    return System.nanoTime() - back < CALM
        ? Optional.empty()
        : Optional.of(Duration.ofNanos(back - from));
  }

  private Stream<HttpAnswer> ended(long from) {
    return all.stream().filter(a -> a.ended() >= from);
  }
}
