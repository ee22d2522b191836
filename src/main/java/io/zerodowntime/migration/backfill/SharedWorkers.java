package io.zerodowntime.migration.backfill;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.MigrationLog;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.tracing.Trace;
import io.zerodowntime.tracing.Tracing;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What the workers of all runs of this process share: how many work at once, and how they rest. A
 * worker rests before another one works, so the load of all runs together is the target of one.
 */
@ApplicationScoped
class SharedWorkers {
  private static final Logger LOG = Logger.getLogger(SharedWorkers.class);

  /** A worker's share of the slots; a session of a comparison has two ranges in flight. */
  static final int BATCH = 2;

  static final int RANGE = 1;

  /** What is not logged: nothing objects. */
  private static final Set<ThrottleReason> PASSING = Set.of(General.BASELINE, General.RECOVERY);

  /** A worker that rests longer for its own run leaves that time to the others. */
  private static final Duration SHARED_REST = Duration.ofSeconds(1);

  private final Throttle throttle;
  private final int count;
  private final List<MigrationListener> listeners;
  private final Tracing tracing;
  private final FairSlots slots = new FairSlots(BATCH);
  private final Map<String, String> slowed = new ConcurrentHashMap<>();

  SharedWorkers(
      Throttle throttle,
      MigrationConfig config,
      @All List<MigrationListener> listeners,
      Tracing tracing) {
    this.throttle = throttle;
    this.tracing = tracing;
    this.count = config.backfill().workers();
    this.listeners = listeners;
  }

  /** Lets so many workers of all runs together work at once, or more if that was allowed before. */
  void allow(int workers) {
    slots.allow(workers * BATCH);
  }

  /** How many this process has for each run; 0 leaves the work to others. */
  int count() {
    return count;
  }

  /** Begins the trace of a batch; null where nothing is traced. */
  @Nullable Trace trace(Run run) {
    return tracing.work("batch " + run.kind().label());
  }

  /** How fast a worker on the run may be now, which its pace takes over. */
  Uni<Pacing> throttle(Migration migration, Run run, Pace pace) {
    return throttle
        .ofWorker(migration)
        .invoke(pace::throttle)
        .invoke(pacing -> announce(migration, run, pacing));
  }

  /** How fast a run of the migration may be now. */
  Uni<Pacing> pacing(Migration migration) {
    return throttle.of(migration);
  }

  /** Logs what slows a run, each time that it is something else, and that nothing does any more. */
  private void announce(Migration migration, Run run, Pacing pacing) {
    if (pacing.reason().filter(PASSING::contains).isPresent()) {
      return;
    }
    String reason = pacing.reason().map(ThrottleReason::label).orElse("");
    String before =
        reason.isEmpty() ? slowed.remove(migration.name()) : slowed.put(migration.name(), reason);
    if (!Objects.equals(before, reason.isEmpty() ? null : reason)) {
      MigrationLog.info(
          LOG,
          migration,
          null,
          run.epoch(),
          "%s: run %d has %d %% of its free pace, %s"
              .formatted(
                  migration.name(),
                  run.id(),
                  Math.round(pacing.share() * 100),
                  pacing
                      .detail()
                      .map(detail -> reason + ": " + detail)
                      .orElse("after: " + before)));
    }
  }

  /** Waits for a part of what this process may do at once; the work includes its rest. */
  <T> Uni<T> share(Migration migration, int weight, Supplier<Uni<? extends T>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long asked = System.nanoTime();
              return slots.share(
                  weight,
                  () -> {
                    tell(migration, Duration.ofNanos(System.nanoTime() - asked));
                    return work.get();
                  });
            });
  }

  /** The same if there is a part within this time, else what is left to do without. */
  <T> Uni<T> shareWithin(
      Duration longest,
      Migration migration,
      int weight,
      Supplier<Uni<? extends T>> work,
      Supplier<Uni<? extends T>> without) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long asked = System.nanoTime();
              return slots.shareWithin(
                  longest,
                  weight,
                  () -> {
                    tell(migration, Duration.ofNanos(System.nanoTime() - asked));
                    return work.get();
                  },
                  without);
            });
  }

  private void tell(Migration migration, Duration waited) {
    if (waited.toMillis() >= 1) {
      listeners.forEach(listener -> listener.onThrottled(migration, General.OTHER_RUNS, waited));
    }
  }

  /** The rest after a batch, as far as it is a part of the share; and what a slower pace adds. */
  Uni<Void> rest(Migration migration, Pace pace) {
    Duration rest = pace.delay();
    return pause(
            migration, General.TARGET_LOAD, rest.compareTo(SHARED_REST) < 0 ? rest : SHARED_REST)
        .chain(() -> pause(migration, pace.throttleReason(), pace.throttleDelay()));
  }

  /** What is left of a long rest, at most {@code longest}. */
  Uni<Void> restMore(Migration migration, Pace pace, Duration longest) {
    Duration rest = pace.delay().minus(SHARED_REST);
    return pause(migration, General.TARGET_LOAD, rest.compareTo(longest) < 0 ? rest : longest);
  }

  /** Waits, and tells why. */
  Uni<Void> pause(Migration migration, ThrottleReason reason, Duration delay) {
    if (delay.toMillis() < 1) {
      return Uni.createFrom().voidItem();
    }
    listeners.forEach(listener -> listener.onThrottled(migration, reason, delay));
    return Uni.createFrom().voidItem().onItem().delayIt().by(delay);
  }
}
