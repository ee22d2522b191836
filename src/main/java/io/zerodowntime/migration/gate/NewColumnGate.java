package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** Writers that name the new column find it, and those that do not are not refused. */
final class NewColumnGate implements Gate {

  @Override
  public String name() {
    return "new-column";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context
        .columns()
        .newColumn()
        .map(
            column ->
                verdict(
                    column.optional(),
                    column.optional()
                        ? context.migration().newColumn() + " exists and may be left out"
                        : context.migration().newColumn() + " is NOT NULL without a default",
                    "run the command: expand"))
        .orElseGet(
            () ->
                verdict(
                    false,
                    context.migration().newColumn() + " does not exist",
                    "run the command: expand"));
  }
}
