package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.backfill.Backfill;
import jakarta.enterprise.context.ApplicationScoped;

/** Works on the backfill until it is complete; exit status 3 when the protocol forbids it. */
@ApplicationScoped
class BackfillCommand implements Command {
  static final int FORBIDDEN = 3;

  private final Migrations migrations;
  private final Backfill backfill;
  private final RunProgress progress;

  BackfillCommand(Migrations migrations, Backfill backfill, RunProgress progress) {
    this.migrations = migrations;
    this.backfill = backfill;
    this.progress = progress;
  }

  @Override
  public String name() {
    return "backfill";
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    Migration migration = MigrationArgument.of(migrations, arguments);
    return progress
        .active(migration, kind -> kind != RunKind.PARITY)
        .chain(
            active ->
                active
                    .map(run -> Uni.createFrom().item(run))
                    .orElseGet(
                        () ->
                            backfill.start(
                                migration, backfill.defaultLimits(migration), Actor.command())))
        .chain(run -> progress.work(migration, run, arguments.json()))
        .map(run -> run.state() == RunState.COMPLETE ? 0 : 1)
        .onFailure(Refused.class)
        .recoverWithItem(BackfillCommand::forbidden);
  }

  static int forbidden(Throwable refused) {
    System.err.println("forbidden now: " + refused.getMessage());
    if (refused instanceof Refused why) {
      why.closed()
          .forEach(g -> System.err.printf("  %s: %s; %s%n", g.gate(), g.reason(), g.remedy()));
    }
    return FORBIDDEN;
  }
}
