package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** There is an old column to go back to. */
final class OldColumnGate implements Gate {

  @Override
  public String name() {
    return "old-column";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    boolean exists = context.columns().oldColumn().isPresent();
    return verdict(
        exists,
        context.migration().oldColumn() + (exists ? " exists" : " was dropped"),
        "none: contract cannot be undone by a flag");
  }
}
