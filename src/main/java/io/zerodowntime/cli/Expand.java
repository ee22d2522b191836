package io.zerodowntime.cli;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.schema.DueTurns;
import io.zerodowntime.migration.schema.SchemaChanges;
import io.zerodowntime.migration.schema.SchemaTurn;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Applies every schema change whose turn has come, and says what it did. */
@ApplicationScoped
class Expand implements Command {
  private final Migrations migrations;
  private final SchemaChanges changes;
  private final DueTurns turns;

  Expand(Migrations migrations, SchemaChanges changes, DueTurns turns) {
    this.migrations = migrations;
    this.changes = changes;
    this.turns = turns;
  }

  @Override
  public String name() {
    return "expand";
  }

  @Override
  public Uni<Integer> run(List<String> arguments) {
    return Multi.createFrom()
        .iterable(migrations.all())
        .onItem()
        .transformToUniAndConcatenate(
            migration ->
                apply(migration, SchemaTurn.EXPAND)
                    .chain(() -> turns.of(migration))
                    .chain(due -> applyAll(migration, due)))
        .collect()
        .last()
        .replaceWith(0);
  }

  private Uni<Void> applyAll(Migration migration, List<SchemaTurn> due) {
    return Multi.createFrom()
        .iterable(due)
        .filter(turn -> turn != SchemaTurn.EXPAND)
        .onItem()
        .transformToUniAndConcatenate(turn -> apply(migration, turn))
        .collect()
        .last()
        .replaceWithVoid();
  }

  private Uni<Void> apply(Migration migration, SchemaTurn turn) {
    return changes
        .apply(migration, turn)
        .invoke(
            report ->
                System.out.printf(
                    "%s: %s: %s%n",
                    migration.name(),
                    turn.label(),
                    report.changesets().isEmpty()
                        ? "nothing to do"
                        : String.join(", ", report.changesets())))
        .replaceWithVoid();
  }
}
