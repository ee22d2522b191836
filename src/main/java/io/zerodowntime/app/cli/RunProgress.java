package io.zerodowntime.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.backfill.BackfillStream;
import io.zerodowntime.migration.backfill.Pacing;
import io.zerodowntime.migration.backfill.RateMeter;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import io.zerodowntime.migration.status.StatusReports;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Works on one run from the command line, and shows how far it is once a second: a bar on a
 * terminal, elsewhere a line of JSON with the members that a run has in the status.
 */
@ApplicationScoped
class RunProgress {
  private static final Duration REFRESH = Duration.ofSeconds(1);
  private static final int RUNS = 10;

  private final Transactions transactions;
  private final BackfillStore store;
  private final BackfillJob job;
  private final BackfillStream stream;
  private final int workers;
  private final ObjectMapper json;
  private final Terminal terminal = Terminal.found();

  RunProgress(
      @Identifier(DatabasePools.CONTROL) Transactions transactions,
      BackfillStore store,
      BackfillJob job,
      BackfillStream stream,
      ObjectMapper json,
      MigrationConfig config) {
    this.transactions = transactions;
    this.store = store;
    this.job = job;
    this.stream = stream;
    this.json = json;
    this.workers = Math.max(1, config.backfill().workers());
  }

  /** The active run, if it is of a fitting kind. */
  Uni<Optional<Run>> active(Migration migration, Predicate<RunKind> kind) {
    return transactions
        .<Optional<Run>>repeatable(() -> store.active(migration))
        .map(run -> run.filter(r -> kind.test(r.kind())));
  }

  /**
   * Works until the run is no longer running; gives it as it is then.
   *
   * @param asJson print JSON on a terminal too
   */
  Uni<Run> work(Migration migration, Run run, boolean asJson) {
    Display display = new Display(migration, terminal.interactive() && !asJson);
    AtomicLong shown = new AtomicLong(System.nanoTime());
    return job.work(migration, run, workers)
        .onItem()
        .call(batch -> isTime(shown) ? show(display, run) : Uni.createFrom().voidItem())
        .collect()
        .last()
        .chain(last -> transactions.<List<Run>>repeatable(() -> store.runs(migration, RUNS)))
        .map(runs -> find(runs, run))
        .invoke(display::end);
  }

  private static boolean isTime(AtomicLong shown) {
    long before = shown.get();
    long now = System.nanoTime();
    return now - before > REFRESH.toNanos() && shown.compareAndSet(before, now);
  }

  /** The work goes on if the database has no room for a look at it. */
  private Uni<Run> show(Display display, Run run) {
    return Uni.combine()
        .all()
        .unis(store.runs(display.migration, RUNS), stream.pacing(display.migration))
        .with((runs, pacing) -> display.now(find(runs, run), pacing))
        .onFailure()
        .recoverWithItem(run);
  }

  private static Run find(List<Run> runs, Run run) {
    return runs.stream().filter(each -> each.id() == run.id()).findFirst().orElse(run);
  }

  /** What is printed of one run. */
  private final class Display {
    private final Migration migration;
    private final boolean drawn;
    private final RateMeter meter = new RateMeter();

    Display(Migration migration, boolean drawn) {
      this.migration = migration;
      this.drawn = drawn;
    }

    Run now(Run run, Pacing pacing) {
      meter.sample(run.id(), run.scanned(), System.nanoTime());
      print(StatusReports.shown(migration, run, meter, pacing.reason()), false);
      return run;
    }

    void end(Run run) {
      print(StatusReports.shown(migration, run, meter, Optional.empty()), true);
    }

    private void print(RunStatus run, boolean last) {
      if (drawn) {
        System.out.print(
            terminal.over()
                + "%s %s %s: %s"
                    .formatted(
                        StatusPage.share(run),
                        run.kind().label(),
                        run.state().label(),
                        StatusPage.rows(run))
                + (last ? System.lineSeparator() : ""));
      } else {
        System.out.println(line(run));
      }
      System.out.flush();
    }

    private String line(RunStatus run) {
      try {
        return json.writeValueAsString(run);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("a run that is not JSON", e);
      }
    }
  }
}
