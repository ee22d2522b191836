package io.zerodowntime.migration.status;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.backfill.BackfillStream;
import io.zerodowntime.migration.backfill.Pacing;
import io.zerodowntime.migration.backfill.RateMeter;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.parity.Mismatches;
import io.zerodowntime.migration.status.MigrationStatus.MismatchedKey;
import io.zerodowntime.migration.status.MigrationStatus.RunPace;
import io.zerodowntime.migration.status.MigrationStatus.RunRows;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The last backfill and the last comparison. */
@ApplicationScoped
class RunView {
  private static final int LOOK_BACK = 10;
  private static final int KEYS_SHOWN = 10;

  private final BackfillStore store;
  private final BackfillJob job;
  private final BackfillStream stream;
  private final Mismatches mismatches;

  RunView(BackfillStore store, BackfillJob job, BackfillStream stream, Mismatches mismatches) {
    this.store = store;
    this.job = job;
    this.stream = stream;
    this.mismatches = mismatches;
  }

  Uni<RunSnapshot> collect(Migration migration) {
    return Uni.combine()
        .all()
        .unis(
            store.runs(migration, LOOK_BACK),
            stream.pacing(migration),
            mismatches.unrepaired(migration, KEYS_SHOWN))
        .with(
            (runs, pacing, keys) ->
                new RunSnapshot(
                    last(migration, runs, false, pacing.reason()),
                    last(migration, runs, true, pacing.reason()),
                    pacing,
                    keys.stream().map(RunView::key).toList()));
  }

  private Optional<RunStatus> last(
      Migration migration, List<Run> runs, boolean parity, Optional<ThrottleReason> throttled) {
    return runs.stream()
        .filter(run -> (run.kind() == RunKind.PARITY) == parity)
        .findFirst()
        .map(run -> status(migration, run, job.meter(migration), throttledBy(run, throttled)));
  }

  private static MismatchedKey key(Mismatches.Mismatch found) {
    return new MismatchedKey(found.key(), found.source(), found.foundAt());
  }

  private Optional<ThrottleReason> throttledBy(Run run, Optional<ThrottleReason> throttled) {
    return throttled
        .filter(reason -> reason != General.RECOVERY)
        .or(() -> lockedRows(run))
        .or(() -> job.isShared() ? Optional.of(General.OTHER_RUNS) : Optional.empty())
        .or(() -> throttled);
  }

  static RunStatus status(
      Migration migration, Run run, RateMeter meter, Optional<ThrottleReason> throttled) {
    boolean running = run.state() == RunState.RUNNING;
    return new RunStatus(
        run.id(),
        run.kind(),
        authoritative(migration, run.kind()),
        run.state(),
        mode(run),
        run.wholeTable(),
        new RunRows(
            run.rowsEstimate(),
            run.scanned(),
            run.changed(),
            run.mismatched(),
            running ? run.locked() : 0,
            run.lag(),
            running ? Math.round(meter.perSecond()) : 0,
            running ? meter.eta(run.lag()).map(Duration::toSeconds) : Optional.empty()),
        new RunPace(
            run.limits().batchSize(),
            run.limits().delay().toMillis(),
            Math.round(run.limits().targetLoad() * 1000) / 1000.0,
            running ? throttled : Optional.empty()),
        run.startedAt(),
        run.finishedAt());
  }

  private static List<String> authoritative(Migration migration, RunKind kind) {
    return switch (kind) {
      case FORWARD -> migration.oldNames();
      case REVERSE -> migration.newNames();
      case PARITY -> List.of();
    };
  }

  private static Optional<String> mode(Run run) {
    return run.kind() == RunKind.PARITY
        ? Optional.of(run.snapshot() ? "snapshot" : "key-order")
        : Optional.empty();
  }

  private static Optional<ThrottleReason> lockedRows(Run run) {
    return run.locked() > 0 ? Optional.of(General.ROWS_LOCKED) : Optional.empty();
  }

  record RunSnapshot(
      Optional<RunStatus> backfill,
      Optional<RunStatus> parity,
      Pacing pacing,
      List<MismatchedKey> mismatchedKeys) {}
}
