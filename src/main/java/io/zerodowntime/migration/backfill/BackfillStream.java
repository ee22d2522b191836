package io.zerodowntime.migration.backfill;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.RunCompletion;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.tracing.Trace;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One worker's stream of batches. Each item is a committed batch; the next one is not begun before
 * the subscriber asks for it.
 */
@ApplicationScoped
public class BackfillStream {
  private static final Logger LOG = Logger.getLogger(BackfillStream.class);

  private static final Duration LOCKED_WAIT = Duration.ofMillis(200);

  private final Pool pool;
  private final Transactions transactions;
  private final BackfillStore store;
  private final SharedWorkers workers;
  private final RunCompletion completion;
  private final List<MigrationListener> listeners;

  BackfillStream(
      Pool pool,
      Transactions transactions,
      BackfillStore store,
      SharedWorkers workers,
      RunCompletion completion,
      @All List<MigrationListener> listeners) {
    this.pool = pool;
    this.transactions = transactions;
    this.store = store;
    this.workers = workers;
    this.completion = completion;
    this.listeners = listeners;
  }

  /** A worker on this run until every range is done or the run stops, at its adaptive pace. */
  public Multi<BatchResult> worker(Migration migration, Run run) {
    return WorkerBatches.of(pool, transactions, migration, run)
        .onItem()
        .transformToMulti(
            batches -> {
              Pace pace = new Pace(run.limits(), run.kind());
              return Multi.createBy()
                  .repeating()
                  .uni(() -> paced(migration, run, batches, pace))
                  .whilst(result -> !result.last());
            });
  }

  /**
   * One batch of at most {@code size} rows; the step that everything else only calls. It waits for
   * a locked row for 100 ms at most, and does nothing then.
   */
  public Uni<BatchResult> runOnce(Migration migration, Run run, int size) {
    return WorkerBatches.of(pool, transactions, migration, run)
        .chain(batches -> send(migration, run, batches, false, size))
        .chain(result -> finish(migration, run, result));
  }

  /** One batch that waits for no row: those that others hold are left for later. */
  public Uni<BatchResult> runOnceSkippingLocked(Migration migration, Run run, int size) {
    return WorkerBatches.of(pool, transactions, migration, run)
        .chain(batches -> send(migration, run, batches, true, size))
        .chain(result -> finish(migration, run, result));
  }

  private Uni<BatchResult> send(
      Migration migration, Run run, WorkerBatches batches, boolean skips, int size) {
    Trace trace = workers.trace(run);
    return Trace.during(
            trace, batches.send(skips, size, trace).invoke(result -> describe(trace, run, result)))
        .invoke(result -> tell(migration, run, result));
  }

  private static void describe(@Nullable Trace trace, Run run, BatchResult result) {
    if (trace != null && trace.isSampled()) {
      trace
          .put("migration", run.migration())
          .put("migration.epoch", run.epoch())
          .put("backfill.run", run.id())
          .put("backfill.batch.status", result.status().name())
          .put("backfill.batch.scanned", result.scanned())
          .put("backfill.batch.changed", result.changed());
    }
  }

  /** Closes the run after its last batch. */
  private Uni<BatchResult> finish(Migration migration, Run run, BatchResult result) {
    return result.status() == BatchResult.BatchStatus.DONE
        ? close(migration, run)
            .map(
                closed ->
                    closed
                        ? result
                        : BatchResult.none(BatchResult.BatchStatus.BUSY, result.limits()))
        : Uni.createFrom().item(result);
  }

  private Uni<BatchResult> paced(Migration migration, Run run, WorkerBatches batches, Pace pace) {
    return workers
        .throttle(migration, run, pace)
        .chain(pacing -> batch(migration, run, batches, pace));
  }

  private Uni<BatchResult> batch(Migration migration, Run run, WorkerBatches batches, Pace pace) {
    int size = pace.size();
    boolean skips = pace.skipsLocked();
    Supplier<Uni<? extends BatchResult>> one =
        () ->
            send(migration, run, batches, skips, size)
                .invoke(result -> pace.observe(result, size))
                .call(
                    result ->
                        isWorked(result)
                            ? workers.rest(migration, pace)
                            : Uni.createFrom().voidItem());
    return workers
        .share(migration, SharedWorkers.BATCH, one)
        .chain(result -> finish(migration, run, result))
        .call(result -> waitForOthers(migration, result, skips, pace));
  }

  private static boolean isWorked(BatchResult result) {
    return result.status() == BatchResult.BatchStatus.WORKED
        && (result.scanned() > 0 || result.skipped() == 0);
  }

  /** Other runs work meanwhile. */
  private Uni<Void> waitForOthers(
      Migration migration, BatchResult result, boolean skips, Pace pace) {
    return switch (result.status()) {
      case WORKED ->
          isWorked(result)
              ? workers.restMore(migration, pace, Run.Limits.MAX_DELAY)
              : workers.pause(migration, General.ROWS_LOCKED, LOCKED_WAIT);
      case GAVE_WAY, LOCKED ->
          skips
              ? workers.pause(migration, General.ROWS_LOCKED, LOCKED_WAIT)
              : Uni.createFrom().voidItem();
      case BUSY -> workers.pause(migration, General.OTHERS_HOLD_THE_RANGES, pace.waitForOthers());
      case DONE, STOPPED -> Uni.createFrom().voidItem();
    };
  }

  void tell(Migration migration, Run run, BatchResult result) {
    if (result.status() == BatchResult.BatchStatus.GAVE_WAY) {
      listeners.forEach(listener -> listener.onGaveWay(migration));
    }
    if (result.status() == BatchResult.BatchStatus.WORKED) {
      listeners.forEach(
          l -> l.onBatch(migration, run.kind(), result.scanned(), result.changed(), result.took()));
    }
  }

  /** False if another worker is closing it, or the run has ended otherwise: both show soon. */
  Uni<Boolean> close(Migration migration, Run run) {
    return close(migration, run, session -> store.complete(session, migration, run))
        .onFailure(TableCount::tookTooLong)
        .invoke(
            failure ->
                LOG.warnf(
                    "%s: run %d is not proven, its table could not be counted: %s",
                    migration.name(), run.id(), failure.getMessage()))
        .onFailure(TableCount::tookTooLong)
        .recoverWithUni(
            () -> close(migration, run, session -> store.completeUncounted(session, run)));
  }

  Uni<Boolean> close(Migration migration, Run run, Function<SqlConnection, Uni<Boolean>> complete) {
    return transactions.inTransaction(
        transaction ->
            complete
                .apply(transaction)
                .call(
                    closed ->
                        closed
                            ? completion.completed(transaction, migration, run.kind())
                            : Uni.createFrom().voidItem()));
  }

  /** How fast a run of the migration may be now, as this process sees it; never fails. */
  public Uni<Pacing> pacing(Migration migration) {
    return workers.pacing(migration);
  }
}
