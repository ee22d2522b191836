package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.ReplicaReads.Route;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One read on its way from replica to replica. Not thread-safe: one attempt follows another. */
final class ReplicaRead<T> {
  /** How long a read waits for a replica to replay a write, in all. */
  static final Duration WAIT = Duration.ofMillis(50);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(2);
  private static final int ATTEMPTS_THAT_FAIL = 2;

  private final List<Replica> candidates;
  private final boolean asked;
  private final Function<Replica, Uni<ReplicaAnswer<T>>> attempt;
  private final ReplicaMetrics metrics;
  private Duration pause = FIRST_PAUSE;
  private int turn;
  private int failures;
  private long waitsSince;
  private boolean waits;

  /**
   * @param candidates at least one, the best first
   * @param asked whether the read must show a write
   */
  ReplicaRead(
      List<Replica> candidates,
      boolean asked,
      Function<Replica, Uni<ReplicaAnswer<T>>> attempt,
      ReplicaMetrics metrics) {
    this.candidates = candidates;
    this.asked = asked;
    this.attempt = attempt;
    this.metrics = metrics;
  }

  /**
   * How it ended.
   *
   * @param value null if the primary must answer
   */
  record Ended<T>(Route route, @Nullable T value) {}

  /** Tries them in turn; never fails. */
  Uni<Ended<T>> answer() {
    Replica replica = candidates.get(turn++ % candidates.size());
    return Uni.createFrom()
        .deferred(() -> attempt.apply(replica))
        .onItemOrFailure()
        .transformToUni(
            (answer, failure) ->
                failure == null ? judge(Objects.requireNonNull(answer)) : failed(replica, failure));
  }

  private Uni<Ended<T>> judge(ReplicaAnswer<T> answer) {
    return switch (answer.kind()) {
      case FOUND -> {
        Route route = !asked ? Route.ANY : waits ? Route.WAITED : Route.CAUGHT_UP;
        metrics.routed(route);
        yield end(route, answer.value());
      }
      case ABSENT -> end(Route.ABSENT, null);
      case BEHIND -> turn < candidates.size() ? answer() : waitForReplay();
    };
  }

  private Uni<Ended<T>> waitForReplay() {
    if (!waits) {
      waits = true;
      waitsSince = System.nanoTime();
    }
    Duration left = WAIT.minusNanos(System.nanoTime() - waitsSince);
    if (left.isNegative() || left.isZero()) {
      return end(Route.BEHIND, null);
    }
    Duration now = pause.compareTo(left) < 0 ? pause : left;
    pause = pause.multipliedBy(2);
    return Pause.of(now).chain(this::answer);
  }

  /** A replica that cannot be reached is not asked again; a statement that it ended may be. */
  private Uni<Ended<T>> failed(Replica replica, Throwable failure) {
    if (failure instanceof TimeoutException
        || FailureKind.isAway(failure)
        || FailureKind.of(failure) == FailureKind.UNKNOWN) {
      replica.suspect(failure);
    }
    metrics.failed(replica);
    failures++;
    return failures < ATTEMPTS_THAT_FAIL && candidates.size() > 1
        ? answer()
        : end(Route.FAILURE, null);
  }

  private Uni<Ended<T>> end(Route route, @Nullable T value) {
    if (waits) {
      metrics.waited(route, Duration.ofNanos(System.nanoTime() - waitsSince));
    }
    return Uni.createFrom().item(new Ended<>(route, value));
  }
}
