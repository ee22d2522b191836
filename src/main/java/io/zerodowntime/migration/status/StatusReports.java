package io.zerodowntime.migration.status;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Fleet;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.backfill.RateMeter;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.schema.IndexBuilds;
import io.zerodowntime.migration.schema.IndexBuilds.IndexBuild;
import io.zerodowntime.migration.status.MigrationStatus.PaceStatus;
import io.zerodowntime.migration.status.MigrationStatus.PhaseName;
import io.zerodowntime.migration.status.MigrationStatus.PhaseStatus;
import io.zerodowntime.migration.status.MigrationStatus.RunStatus;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Puts together what there is to know of a migration. Reads only; any process can ask. */
@ApplicationScoped
public class StatusReports {
  private final Migrations migrations;
  private final PhaseView phases;
  private final RunView runs;
  private final IndexBuilds builds;
  private final FlagView flags;
  private final Timeline timeline;

  StatusReports(
      Migrations migrations,
      PhaseView phases,
      RunView runs,
      IndexBuilds builds,
      FlagView flags,
      Timeline timeline) {
    this.migrations = migrations;
    this.phases = phases;
    this.runs = runs;
    this.builds = builds;
    this.flags = flags;
    this.timeline = timeline;
  }

  /** Where every migration stands now. */
  public Uni<List<MigrationStatus>> all() {
    return Sequential.map(migrations.all(), this::of);
  }

  /** Where the migration stands now. */
  public Uni<MigrationStatus> of(Migration migration) {
    return Uni.combine()
        .all()
        .unis(phases.collect(migration), runs.collect(migration), builds.of(migration))
        .with((phase, run, build) -> status(migration, phase, run, build));
  }

  /** A run as the status shows it, right after it began. */
  public static RunStatus begun(Migration migration, Run run) {
    return shown(migration, run, new RateMeter(), Optional.empty());
  }

  /**
   * A run as the status shows it.
   *
   * @param meter which has seen it before
   * @param throttledBy what makes it slower
   */
  public static RunStatus shown(
      Migration migration, Run run, RateMeter meter, Optional<ThrottleReason> throttledBy) {
    return RunView.status(migration, run, meter, throttledBy);
  }

  private MigrationStatus status(
      Migration migration,
      PhaseView.PhaseSnapshot phase,
      RunView.RunSnapshot run,
      Optional<IndexBuild> build) {
    return new MigrationStatus(
        MigrationStatus.Definition.of(migration),
        phase(migration, phase),
        build,
        run.backfill(),
        run.parity(),
        PaceStatus.of(run.pacing()),
        phase.evidence().unrepaired(),
        run.mismatchedKeys(),
        phase.evidence().shadow(),
        phase.live().stream().map(MigrationStatus.Instance::of).toList(),
        WriterCoverage.of(migration, phase.live()),
        phase.evidence().unfenced(),
        timeline.latest(),
        flags.commands(migration, phase.state().phase()),
        OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS));
  }

  private PhaseStatus phase(Migration migration, PhaseView.PhaseSnapshot phase) {
    Fleet fleet = new Fleet(phase.live());
    return new PhaseStatus(
        fleet.wish().map(PhaseName::of),
        fleet.disagreement(),
        flags.refused(migration),
        PhaseName.of(phase.state().phase()),
        phase.state().epoch(),
        phase.state().changedAt(),
        phase.state().drained(),
        phase.holders(),
        phase.nextStep(),
        phase.gates(),
        phase.gatesSince(),
        phase.state().oldStale(),
        phase.state().contractedAt());
  }
}
