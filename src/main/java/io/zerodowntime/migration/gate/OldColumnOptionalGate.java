package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import java.util.List;
import java.util.Optional;

/** Writers that no longer name the old columns are not refused, and no key needs these. */
final class OldColumnOptionalGate implements Gate {

  @Override
  public String name() {
    return "old-column-optional";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    List<Columns.Column> columns = context.columns().oldColumns();
    Optional<String> missing = Columns.missing(columns, "is gone", "are gone");
    if (missing.isPresent()) {
      return verdict(false, missing.get(), "restore it by hand");
    }
    Optional<String> required = Columns.required(columns);
    return LeftColumns.verdict(
        this,
        context,
        true,
        required.stream().toList(),
        ColumnNames.say(context.migration().oldNames(), "may be left out", "may be left out"));
  }
}
