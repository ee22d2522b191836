package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.backfill.BatchResult.BatchStatus;
import io.zerodowntime.tracing.Trace;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The batches of one worker, one after the other: of the table, or of the partition that it works
 * on. The types of the key's columns are read once.
 */
final class WorkerBatches {
  // lock_not_available, deadlock_detected
  private static final Set<String> LOCKED_STATES = Set.of("55P03", "40P01");
  // undefined_table, undefined_column
  private static final Set<String> GONE_STATES = Set.of("42P01", "42703");

  private final Pool pool;
  private final Transactions transactions;
  private final Migration migration;
  private final Run run;
  private final KeySql table;
  private volatile Place place;

  private WorkerBatches(
      Pool pool, Transactions transactions, Migration migration, Run run, KeySql table) {
    this.pool = pool;
    this.transactions = transactions;
    this.migration = migration;
    this.run = run;
    this.table = table;
    this.place = place(table);
  }

  /** A worker that has a partition to begin with, if the table has any. */
  static Uni<WorkerBatches> of(Pool pool, Transactions transactions, Migration migration, Run run) {
    return transactions
        .repeatable(() -> KeySql.of(pool, migration, run))
        .map(key -> new WorkerBatches(pool, transactions, migration, run, key))
        .call(WorkerBatches::move);
  }

  private Place place(KeySql key) {
    return new Place(
        key.leaf(),
        BatchStatement.of(key, run.kind()),
        BatchStatement.skippingLocked(key, run.kind()));
  }

  /**
   * One batch.
   *
   * @param skips whether it passes over locked rows; else it waits for them, 100 ms at most
   * @param trace of the batch; null where nothing is traced
   */
  Uni<BatchResult> send(boolean skips, int size, @Nullable Trace trace) {
    // with one row at most, no batch would find that a range of one key has no other
    int rows = skips ? Math.max(2, size) : size;
    return attempt(skips, rows, trace)
        .onFailure(failure -> place.leaf().isPresent() && hasState(failure, GONE_STATES))
        .recoverWithUni(
            () -> {
              place = place(table);
              return move().chain(() -> attempt(skips, rows, trace));
            })
        .chain(result -> elsewhere(skips, rows, trace, result));
  }

  private Uni<BatchResult> attempt(boolean skips, int size, @Nullable Trace trace) {
    String sql = skips ? place.skippingLocked() : place.waiting();
    long began = System.nanoTime();
    return transactions.repeatable(
        () ->
            Trace.during(
                    Trace.statement(trace, "batch of rows"),
                    pool.preparedQuery(sql).execute(Tuple.of(run.id(), (long) size)))
                .map(
                    rows ->
                        result(rows.iterator().next(), Duration.ofNanos(System.nanoTime() - began)))
                .onFailure(failure -> hasState(failure, LOCKED_STATES))
                .recoverWithItem(() -> BatchResult.none(BatchStatus.GAVE_WAY, run.limits())));
  }

  /** Where a range of a partition is done, or its rows stay locked, others may have more to do. */
  private Uni<BatchResult> elsewhere(
      boolean skips, int size, @Nullable Trace trace, BatchResult result) {
    return switch (result.status()) {
      case BUSY, LOCKED ->
          move()
              .chain(moved -> moved ? attempt(skips, size, trace) : Uni.createFrom().item(result));
      case WORKED ->
          place.leaf().isPresent()
                  && (result.scanned() == 0 || result.scanned() + result.skipped() < size)
              ? move().replaceWith(result)
              : Uni.createFrom().item(result);
      case GAVE_WAY, DONE, STOPPED -> Uni.createFrom().item(result);
    };
  }

  /** Whether the worker goes on in another partition. */
  private Uni<Boolean> move() {
    return transactions
        .repeatable(() -> Leaves.next(pool, migration, run))
        .map(
            next -> {
              Optional<Leaf> other =
                  next.filter(leaf -> place.leaf().filter(leaf::isNamedAs).isEmpty());
              other.ifPresent(leaf -> place = place(table.in(leaf)));
              return other.isPresent();
            });
  }

  private static boolean hasState(Throwable failure, Set<String> states) {
    return failure instanceof PgException refused && states.contains(refused.getSqlState());
  }

  private static BatchResult result(Row row, Duration took) {
    BatchStatus status;
    if (row.getLong("n") != null) {
      status = BatchStatus.WORKED;
    } else if (!row.getBoolean("working")) {
      status = BatchStatus.STOPPED;
    } else if (!row.getBoolean("unfinished")) {
      status = BatchStatus.DONE;
    } else {
      status = row.getBoolean("locked") ? BatchStatus.LOCKED : BatchStatus.BUSY;
    }
    return status == BatchStatus.WORKED
        ? new BatchResult(
            status,
            row.getLong("n"),
            row.getLong("changed"),
            row.getLong("mismatched"),
            row.getLong("skipped"),
            took,
            BackfillStore.limits(row))
        : BatchResult.none(status, BackfillStore.limits(row));
  }

  /**
   * Where the worker is.
   *
   * @param leaf the partition; empty for the table
   */
  private record Place(Optional<Leaf> leaf, String waiting, String skippingLocked) {}
}
