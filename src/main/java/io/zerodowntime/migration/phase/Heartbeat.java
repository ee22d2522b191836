package io.zerodowntime.migration.phase;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduler;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Rotation;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * The heartbeat of one serving instance: reads the flags of all migrations, publishes what they ask
 * for in one statement, and reconciles a few of the migrations that may move, in turn, for as long
 * as something does.
 */
@ApplicationScoped
public class Heartbeat {
  private static final Logger LOG = Logger.getLogger(Heartbeat.class);
  private static final Duration LAST_WORD = Duration.ofSeconds(2);
  // up to three steps, each with its drain
  private static final int MOVES = 6;
  // gates that stay closed for a day are asked at every beat: many must not make it late
  private static final int AT_ONCE = 4;

  private final Migrations migrations;
  private final RequestedPhases flags;
  private final Instances instances;
  private final PhaseReconciler reconciler;
  private final DatabaseReachability database;
  private final Scheduler timers;
  private final Rotation turn = new Rotation(AT_ONCE);
  private volatile boolean stopping;

  Heartbeat(
      Migrations migrations,
      RequestedPhases flags,
      Instances instances,
      PhaseReconciler reconciler,
      DatabaseReachability database,
      Scheduler timers) {
    this.migrations = migrations;
    this.flags = flags;
    this.instances = instances;
    this.reconciler = reconciler;
    this.database = database;
    this.timers = timers;
  }

  /** One beat over every migration; a failure is logged, and the next beat tries again. */
  @Scheduled(
      identity = "heartbeat",
      every = "${migration.heartbeat-interval}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  public Uni<Void> beat() {
    // asked inside: a stop either waits for this beat or is seen by it
    return migrations.together(all -> stopping ? nothing() : beat(all));
  }

  private Uni<Void> beat(List<Migration> all) {
    return publish(all)
        .eventually(this::takeBack)
        .chain(
            unsettled ->
                Migrations.oneByOne(
                    turn.next(unsettled),
                    migration -> stopping ? nothing() : reconcile(migration, MOVES)));
  }

  /** A beat in flight when the stop came has published once more. */
  private Uni<Void> takeBack() {
    return stopping ? instances.withdraw() : nothing();
  }

  private static Uni<Void> nothing() {
    return Uni.createFrom().voidItem();
  }

  /** One beat of one migration; fails with the first failure. */
  public Uni<Void> beat(Migration migration) {
    return publish(List.of(migration))
        .chain(unsettled -> unsettled.isEmpty() ? nothing() : reconcile(migration, MOVES));
  }

  /** One statement for all; gives those that can have something to reconcile. */
  private Uni<List<Migration>> publish(List<Migration> all) {
    return flags
        .refresh(all)
        .chain(instances::publish)
        .onItemOrFailure()
        .invoke((published, failure) -> database.record(failure));
  }

  private Uni<Void> reconcile(Migration migration, int moves) {
    return reconciler
        .runOnce(migration)
        .chain(moved -> moved && moves > 1 ? reconcile(migration, moves - 1) : nothing());
  }

  @Scheduled(every = "10m", delayed = "1m")
  Uni<Void> forgetDead() {
    return instances
        .forgetDead()
        .onFailure()
        .invoke(failure -> LOG.debugf("dead instances not forgotten: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /**
   * Takes the heartbeat back at the beginning of the shutdown delay, so that a leaving instance
   * neither holds the fleet back nor takes part in a step. It still serves, and may: its writes
   * read the phase in force in their own statement, and a grace period waits for every transaction
   * on the table, whoever sent it.
   */
  void leave(@Observes ShutdownDelayInitiatedEvent event) {
    stopping = true;
    instances
        .withdraw()
        .subscribe()
        .with(gone -> {}, failure -> LOG.debug("heartbeat not withdrawn yet", failure));
  }

  /**
   * Stops every timer, takes the heartbeat back, as a stopping instance must not hold the fleet
   * back as a live one, and waits for the end of the beat and of what other timers have begun, so
   * that they find neither their pool closed nor their beans gone. The one place that waits for an
   * answer.
   */
  void stop(@Observes ShutdownEvent event) throws InterruptedException {
    stopping = true;
    if (timers.isRunning()) {
      timers.pause();
    }
    try {
      instances
          .withdraw()
          .eventually(migrations::settled)
          .subscribeAsCompletionStage()
          .get(LAST_WORD.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException failure) {
      LOG.debug("heartbeat not withdrawn: it expires", failure);
    }
  }
}
