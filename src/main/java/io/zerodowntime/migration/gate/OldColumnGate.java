package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** There are old columns to go back to. */
final class OldColumnGate implements Gate {

  @Override
  public String name() {
    return "old-column";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    // the new column may have its name by now
    Optional<String> missing =
        context.state().contractedAt().isPresent()
            ? Optional.of(
                ColumnNames.say(context.migration().oldNames(), "was dropped", "were dropped"))
            : Columns.missing(context.columns().oldColumns(), "was dropped", "were dropped");
    return verdict(
        missing.isEmpty(),
        missing.orElseGet(() -> ColumnNames.say(context.migration().oldNames(), "exists", "exist")),
        "none: contract cannot be undone by a flag");
  }
}
