package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writers that name the new columns find them, and those that do not are not refused. */
final class NewColumnGate implements Gate {

  @Override
  public String name() {
    return "new-column";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    List<Columns.Column> columns = context.columns().newColumns();
    String wrong =
        Stream.of(
                Columns.missing(columns, "does not exist", "do not exist"),
                Columns.required(columns))
            .flatMap(Optional::stream)
            .collect(Collectors.joining("; "));
    return verdict(
        wrong.isEmpty(),
        wrong.isEmpty()
            ? ColumnNames.say(
                context.migration().newNames(),
                "exists and may be left out",
                "exist and may be left out")
            : wrong,
        "run the command: expand");
  }
}
