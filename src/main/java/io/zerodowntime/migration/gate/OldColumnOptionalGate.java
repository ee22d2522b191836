package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** Writers that no longer name the old column are not refused. */
final class OldColumnOptionalGate implements Gate {

  @Override
  public String name() {
    return "old-column-optional";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context
        .columns()
        .oldColumn()
        .map(
            column ->
                verdict(
                    column.optional(),
                    context.migration().oldColumn()
                        + (column.optional()
                            ? " may be left out"
                            : " is NOT NULL without a default"),
                    "run the command: expand"))
        .orElseGet(() -> verdict(false, "the old column is gone", "restore it by hand"));
  }
}
