package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.backfill.ParityScan;
import io.zerodowntime.migration.backfill.Run;
import jakarta.enterprise.context.ApplicationScoped;

/** Compares both columns of every row; exit status 0 if all agree, 1 if not, 3 if forbidden. */
@ApplicationScoped
class VerifyCommand implements Command {
  private final Migrations migrations;
  private final ParityScan parity;
  private final RunProgress progress;

  VerifyCommand(Migrations migrations, ParityScan parity, RunProgress progress) {
    this.migrations = migrations;
    this.parity = parity;
    this.progress = progress;
  }

  @Override
  public String name() {
    return "verify";
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    Migration migration = MigrationArgument.of(migrations, arguments);
    return progress
        .active(migration, kind -> kind == RunKind.PARITY)
        .chain(
            active ->
                active
                    .map(run -> Uni.createFrom().item(run))
                    .orElseGet(() -> parity.start(migration, Actor.command())))
        .chain(run -> progress.work(migration, run, arguments.json()))
        .map(VerifyCommand::judge)
        .onFailure(Refused.class)
        .recoverWithItem(BackfillCommand::forbidden);
  }

  private static int judge(Run run) {
    return run.state() == RunState.COMPLETE && run.mismatched() == 0 ? 0 : 1;
  }
}
