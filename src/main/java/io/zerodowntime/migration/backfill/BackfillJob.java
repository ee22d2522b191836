package io.zerodowntime.migration.backfill;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduler;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunState;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jboss.logging.Logger;

/** Lets this process take part in whatever run is running, and watches how fast the fleet is. */
@ApplicationScoped
public class BackfillJob {
  private static final Logger LOG = Logger.getLogger(BackfillJob.class);
  private static final Duration CURSORS_KEPT = Duration.ofDays(7);
  private static final Duration RUNS_KEPT = Duration.ofDays(90);

  private final Migrations migrations;
  private final BackfillStore store;
  private final BackfillStream stream;
  private final SnapshotComparison snapshots;
  private final SharedWorkers workers;
  private final Scheduler scheduler;
  private final Set<Long> joined = ConcurrentHashMap.newKeySet();
  private final Map<String, RateMeter> meters = new ConcurrentHashMap<>();
  private volatile boolean stopping;

  BackfillJob(
      Migrations migrations,
      BackfillStore store,
      BackfillStream stream,
      SnapshotComparison snapshots,
      SharedWorkers workers,
      Scheduler scheduler) {
    this.migrations = migrations;
    this.store = store;
    this.stream = stream;
    this.snapshots = snapshots;
    this.workers = workers;
    this.scheduler = scheduler;
  }

  /** The batch in flight is done or not done, by its one commit; none comes after it. */
  void stop(@Observes ShutdownEvent event) {
    stopping = true;
  }

  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> poll() {
    return migrations.together(this::poll);
  }

  private Uni<Void> poll(List<Migration> all) {
    return store
        .lastRuns(all)
        .invoke(
            runs ->
                runs.forEach(
                    run ->
                        all.stream()
                            .filter(migration -> migration.name().equals(run.migration()))
                            .forEach(migration -> found(migration, run))))
        .replaceWithVoid();
  }

  private void found(Migration migration, Run run) {
    meter(migration).sample(run.id(), run.scanned(), System.nanoTime());
    if (run.state() == RunState.RUNNING && workers.count() > 0 && joined.add(run.id())) {
      join(migration, run);
    }
  }

  /**
   * Joins the run that has just begun, without a wait for the next poll; never fails. Without
   * timers it does nothing: who has turned them off polls.
   */
  public Uni<Void> joinNow(Migration migration) {
    return scheduler.isRunning()
        ? poll(List.of(migration)).onFailure().recoverWithNull()
        : Uni.createFrom().voidItem();
  }

  private void join(Migration migration, Run run) {
    LOG.infof(
        "%s: %d workers join run %d (%s)",
        migration.name(), workers.count(), run.id(), run.kind().label());
    work(migration, run, workers.count())
        .onTermination()
        .invoke(() -> joined.remove(run.id()))
        .subscribe()
        .with(
            batch -> {},
            failure ->
                LOG.logf(
                    stopping ? Logger.Level.DEBUG : Logger.Level.WARN,
                    "%s: a worker of run %d stops: %s",
                    migration.name(),
                    run.id(),
                    failure.getMessage()));
  }

  /**
   * {@code count} workers on one run; ends when each of them has nothing left to do. Workers of all
   * runs share the process: as many of them work at once as the run with most workers has.
   */
  public Multi<BatchResult> work(Migration migration, Run run, int count) {
    workers.allow(count);
    Multi<BatchResult> inKeyOrder =
        Multi.createBy()
            .merging()
            .streams(
                IntStream.range(0, count).mapToObj(i -> stream.worker(migration, run)).toList());
    Multi<BatchResult> batches =
        run.snapshot()
            ? Multi.createBy()
                .concatenating()
                .streams(snapshots.work(migration, run, count), inKeyOrder)
            : inKeyOrder;
    return batches.select().first(batch -> !stopping);
  }

  /** Whether the workers of this process share their time between several runs. */
  public boolean isShared() {
    return joined.size() > 1;
  }

  /** How fast the whole fleet has been lately, seen from this process. */
  public RateMeter meter(Migration migration) {
    return meters.computeIfAbsent(migration.name(), name -> new RateMeter());
  }

  @Scheduled(every = "1h", delayed = "5m")
  Uni<Void> purge() {
    return store
        .purgeCursors(CURSORS_KEPT)
        .chain(() -> store.purgeRuns(RUNS_KEPT))
        .onFailure()
        .invoke(failure -> LOG.warnf("old runs not purged: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }
}
