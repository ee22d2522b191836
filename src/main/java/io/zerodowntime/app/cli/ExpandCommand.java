package io.zerodowntime.app.cli;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.schema.DueStages;
import io.zerodowntime.migration.schema.SchemaChanges;
import io.zerodowntime.migration.schema.SchemaStage;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Applies every schema change that is due, and says what it did. */
@ApplicationScoped
class ExpandCommand implements Command {
  private final Migrations migrations;
  private final SchemaChanges changes;
  private final DueStages stages;

  ExpandCommand(Migrations migrations, SchemaChanges changes, DueStages stages) {
    this.migrations = migrations;
    this.changes = changes;
    this.stages = stages;
  }

  @Override
  public String name() {
    return "expand";
  }

  @Override
  public Uni<Integer> run(CommandArguments arguments) {
    return Sequential.run(
            migrations.all(),
            migration ->
                apply(migration, SchemaStage.EXPAND)
                    .chain(() -> stages.of(migration))
                    .chain(due -> applyAll(migration, due)))
        .replaceWith(0);
  }

  private Uni<Void> applyAll(Migration migration, List<SchemaStage> due) {
    return Sequential.run(
        due.stream().filter(stage -> stage != SchemaStage.EXPAND).toList(),
        stage -> apply(migration, stage));
  }

  private Uni<Void> apply(Migration migration, SchemaStage stage) {
    return changes
        .apply(migration, stage)
        .invoke(
            report ->
                System.out.printf(
                    "%s: %s: %s%n",
                    migration.name(),
                    stage.label(),
                    report.changesets().isEmpty()
                        ? "nothing to do"
                        : String.join(", ", report.changesets())))
        .replaceWithVoid();
  }
}
