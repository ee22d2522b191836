package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Sends each read to a replica that may answer it, or else to the primary. */
@Singleton
public class ReplicaReads {
  private final Replicas replicas;
  private final ReplicaMetrics metrics;
  private final boolean enabled;
  private final Duration attempt;

  ReplicaReads(
      Replicas replicas, ReplicaMetrics metrics, ReplicaSettings settings, PoolSettings pools) {
    this.replicas = replicas;
    this.metrics = metrics;
    this.enabled = settings.enabled();
    this.attempt = pools.replicaAttempt();
  }

  /** Whether there are replicas; without, nothing else here is to be called. */
  public boolean enabled() {
    return enabled;
  }

  /**
   * Reads for the current request. A replica that fails, or does not answer in time, is followed by
   * another one, and by the primary.
   *
   * @param onReplica one attempt: it must look first if the request {@linkplain
   *     RequestPosition#askedNow names a write}, and is told that write
   * @param onPrimary the same read on the primary
   */
  public <T> Uni<T> read(ReplicaAttempt<T> onReplica, Supplier<Uni<T>> onPrimary) {
    @Nullable WritePosition asked = RequestPosition.askedNow();
    List<Replica> in = replicas.inRotation();
    if (in.isEmpty()) {
      return primary(Route.NO_REPLICA, onPrimary);
    }
    List<Replica> candidates = asked == null ? in : ofLine(in, asked);
    if (candidates.isEmpty()) {
      return primary(Route.OTHER_LINE, onPrimary);
    }
    Function<Replica, Uni<ReplicaAnswer<T>>> bounded =
        replica -> Pause.within(attempt, onReplica.on(replica, asked));
    return new ReplicaRead<>(candidates, asked != null, bounded, metrics)
        .answer()
        .chain(
            ended ->
                ended.value() != null
                    ? Uni.createFrom().item(ended.value())
                    : primary(ended.route(), onPrimary));
  }

  /** Reads on the primary what no replica may answer. */
  public <T> Uni<T> primary(Route why, Supplier<Uni<T>> onPrimary) {
    metrics.routed(why);
    return onPrimary.get();
  }

  /** Those that can replay the write, the ones that already have first. */
  private static List<Replica> ofLine(List<Replica> in, WritePosition asked) {
    List<Replica> candidates = new ArrayList<>(in);
    candidates.removeIf(replica -> !replica.isOnLineOf(asked));
    candidates.sort(Comparator.comparing(replica -> !replica.showed(asked)));
    return candidates;
  }

  /** Where a read was answered, and why there. */
  public enum Route {
    /** On a replica: the read names no write. */
    ANY("replica", "any"),
    /** On a replica that had replayed the write. */
    CAUGHT_UP("replica", "caught_up"),
    /** On a replica that had replayed it after a short wait. */
    WAITED("replica", "waited"),
    /** No replica is in rotation. */
    NO_REPLICA("primary", "no_replica"),
    /** The write is of another cluster or timeline, or its position is not known. */
    OTHER_LINE("primary", "other_line"),
    /** No replica had replayed the write in time. */
    BEHIND("primary", "behind"),
    /** The replica does not have what is asked for. */
    ABSENT("primary", "absent"),
    /** Replicas failed. */
    FAILURE("primary", "failure"),
    /** The read compares both columns. */
    COMPARISON("primary", "comparison");

    private final String target;
    private final String reason;

    Route(String target, String reason) {
      this.target = target;
      this.reason = reason;
    }

    String target() {
      return target;
    }

    String reason() {
      return reason;
    }
  }
}
