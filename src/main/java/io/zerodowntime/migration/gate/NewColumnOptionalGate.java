package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** Writers that will not name the new columns any more are not refused, and no key needs these. */
final class NewColumnOptionalGate implements Gate {

  @Override
  public String name() {
    return "new-column-optional";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    Optional<String> required = Columns.required(context.columns().newColumns());
    return LeftColumns.verdict(
        this,
        context,
        false,
        required.stream().toList(),
        ColumnNames.say(context.migration().newNames(), "may be left out", "may be left out"));
  }
}
