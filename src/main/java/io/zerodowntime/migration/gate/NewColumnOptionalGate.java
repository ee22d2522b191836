package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** Writers that will not name the new columns any more are not refused. */
final class NewColumnOptionalGate implements Gate {

  @Override
  public String name() {
    return "new-column-optional";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    Optional<String> required = Columns.required(context.columns().newColumns());
    return verdict(
        required.isEmpty(),
        required.orElseGet(
            () ->
                ColumnNames.say(
                    context.migration().newNames(), "may be left out", "may be left out")),
        "run the command: expand");
  }
}
