package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** Writers that will not name the new column any more are not refused. */
final class NewColumnOptionalGate implements Gate {

  @Override
  public String name() {
    return "new-column-optional";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    boolean free = context.columns().newColumn().filter(c -> !c.optional()).isEmpty();
    return verdict(
        free,
        context.migration().newColumn()
            + (free ? " may be left out" : " is NOT NULL without a default"),
        "run the command: expand");
  }
}
