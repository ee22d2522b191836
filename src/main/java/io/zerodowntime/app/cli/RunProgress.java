package io.zerodowntime.app.cli;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.backfill.Run;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Works on one run from the command line, and shows how far it is. */
@ApplicationScoped
class RunProgress {
  private static final Duration REFRESH = Duration.ofSeconds(1);
  private static final int WIDTH = 30;
  private static final int RUNS = 10;

  private final Transactions transactions;
  private final BackfillStore store;
  private final BackfillJob job;
  private final int workers;
  // set for a terminal only, in containers too; not static, as a native image keeps what is
  private final boolean terminal = System.getenv("TERM") != null;

  RunProgress(
      @Identifier(DatabasePools.CONTROL) Transactions transactions,
      BackfillStore store,
      BackfillJob job,
      MigrationConfig config) {
    this.transactions = transactions;
    this.store = store;
    this.job = job;
    this.workers = Math.max(1, config.backfill().workers());
  }

  /** The active run, if it is of a fitting kind. */
  Uni<Optional<Run>> active(Migration migration, Predicate<RunKind> kind) {
    return transactions
        .<Optional<Run>>repeatable(() -> store.active(migration))
        .map(run -> run.filter(r -> kind.test(r.kind())));
  }

  /** Works until the run is no longer running; gives it as it is then. */
  Uni<Run> work(Migration migration, Run run) {
    AtomicLong shown = new AtomicLong(System.nanoTime());
    return job.work(migration, run, workers)
        .onItem()
        .call(batch -> isTime(shown) ? show(migration, run) : Uni.createFrom().voidItem())
        .collect()
        .last()
        .chain(last -> transactions.<List<Run>>repeatable(() -> store.runs(migration, RUNS)))
        .map(runs -> find(runs, run))
        .invoke(end -> print(end, "\n"));
  }

  private static boolean isTime(AtomicLong shown) {
    long before = shown.get();
    long now = System.nanoTime();
    return now - before > REFRESH.toNanos() && shown.compareAndSet(before, now);
  }

  /** The work goes on if the database has no room for a look at it. */
  private Uni<Run> show(Migration migration, Run run) {
    return store
        .runs(migration, RUNS)
        .map(runs -> find(runs, run))
        .invoke(now -> print(now, terminal ? "\r" : "\n"))
        .onFailure()
        .recoverWithItem(run);
  }

  private static Run find(List<Run> runs, Run run) {
    return runs.stream().filter(each -> each.id() == run.id()).findFirst().orElse(run);
  }

  private static void print(Run run, String end) {
    double done =
        run.state() == RunState.COMPLETE || run.rowsEstimate() == 0
            ? 1
            : Math.min(1, run.scanned() / (double) run.rowsEstimate());
    int filled = (int) (done * WIDTH);
    System.out.printf(
        "[%s%s] %3.0f %% %s %s: %d rows looked at, %d changed%s",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        done * 100,
        run.kind().label(),
        run.state().label(),
        run.scanned(),
        run.changed(),
        end);
    System.out.flush();
  }
}
