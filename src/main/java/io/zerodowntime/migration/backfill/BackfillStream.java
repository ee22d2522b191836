package io.zerodowntime.migration.backfill;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.RunCompletion;
import io.zerodowntime.platform.Transactions;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One worker's stream of batches. Each item is a committed batch; the next one is not begun before
 * the subscriber asks for it.
 */
@ApplicationScoped
public class BackfillStream {
  private static final Duration OTHERS = Duration.ofMillis(200);

  private final Pool pool;
  private final Transactions transactions;
  private final BackfillStore store;
  private final DatabasePressure pressure;
  private final RunCompletion completion;
  private final List<MigrationListener> listeners;

  BackfillStream(
      Pool pool,
      Transactions transactions,
      BackfillStore store,
      DatabasePressure pressure,
      RunCompletion completion,
      @All List<MigrationListener> listeners) {
    this.pool = pool;
    this.transactions = transactions;
    this.store = store;
    this.pressure = pressure;
    this.completion = completion;
    this.listeners = listeners;
  }

  /** A worker on this run until every range is done or the run stops, at its adaptive pace. */
  public Multi<BatchResult> worker(Migration migration, Run run) {
    Pace pace = new Pace(run.limits());
    return Multi.createBy()
        .repeating()
        .uni(() -> paced(migration, run, pace))
        .whilst(result -> !result.last());
  }

  /** One batch of at most {@code size} rows; the step that everything else only calls. */
  public Uni<BatchResult> runOnce(Migration migration, Run run, int size) {
    String sql = BatchStatement.of(migration, run.kind());
    long began = System.nanoTime();
    return transactions
        .repeatable(() -> pool.preparedQuery(sql).execute(Tuple.of(run.id(), (long) size)))
        .map(rows -> result(rows.iterator().next(), Duration.ofNanos(System.nanoTime() - began)))
        .invoke(result -> tell(migration, run, result))
        .call(
            result ->
                result.outcome() == BatchResult.Outcome.DONE
                    ? close(migration, run)
                    : Uni.createFrom().voidItem());
  }

  private static BatchResult result(Row row, Duration took) {
    BatchResult.Outcome outcome;
    if (row.getLong("n") != null) {
      outcome = BatchResult.Outcome.WORKED;
    } else if (!row.getBoolean("working")) {
      outcome = BatchResult.Outcome.STOPPED;
    } else {
      outcome = row.getBoolean("unfinished") ? BatchResult.Outcome.BUSY : BatchResult.Outcome.DONE;
    }
    return outcome == BatchResult.Outcome.WORKED
        ? new BatchResult(
            outcome,
            row.getLong("n"),
            row.getLong("changed"),
            row.getLong("mismatched"),
            took,
            BackfillStore.limits(row))
        : BatchResult.none(outcome, BackfillStore.limits(row));
  }

  private Uni<BatchResult> paced(Migration migration, Run run, Pace pace) {
    return pressure
        .reason()
        .chain(
            reason ->
                reason.isPresent()
                    ? pause(migration, reason.get(), DatabasePressure.INTERVAL)
                        .replaceWith(BatchResult.none(BatchResult.Outcome.BUSY, pace.limits()))
                    : batch(migration, run, pace));
  }

  private Uni<BatchResult> batch(Migration migration, Run run, Pace pace) {
    int size = pace.size();
    return runOnce(migration, run, size)
        .invoke(result -> pace.observe(result, size))
        .call(
            result ->
                switch (result.outcome()) {
                  case WORKED -> pause(migration, "target_load", pace.delay());
                  case BUSY -> pause(migration, "others_hold_the_ranges", OTHERS);
                  case DONE, STOPPED -> Uni.createFrom().voidItem();
                });
  }

  private Uni<Void> pause(Migration migration, String reason, Duration delay) {
    if (delay.toMillis() < 1) {
      return Uni.createFrom().voidItem();
    }
    listeners.forEach(listener -> listener.onThrottled(migration, reason, delay));
    return Uni.createFrom().voidItem().onItem().delayIt().by(delay);
  }

  private void tell(Migration migration, Run run, BatchResult result) {
    if (result.outcome() == BatchResult.Outcome.WORKED) {
      listeners.forEach(
          l -> l.onBatch(migration, run.kind(), result.scanned(), result.changed(), result.took()));
    }
  }

  private Uni<Void> close(Migration migration, Run run) {
    return transactions
        .inTransaction(
            transaction ->
                store
                    .complete(transaction, run.id())
                    .chain(
                        closed ->
                            closed
                                ? completion.completed(transaction, migration, run.kind())
                                : Uni.createFrom().voidItem()))
        .replaceWithVoid();
  }

  /** Why a worker would wait now; empty if it would not. */
  public Uni<Optional<String>> throttledBy() {
    return pressure.reason();
  }
}
