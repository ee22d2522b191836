package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.Verdict;
import java.util.List;
import java.util.Optional;

/**
 * The database itself holds that no row lacks the new values: at least one of the new columns is
 * NOT NULL. The others may hold NULL where the table's owner wants them to, as a second given name.
 */
final class NewColumnNotNullGate implements Gate {

  @Override
  public String name() {
    return "new-column-not-null";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    List<Columns.Column> columns = context.columns().newColumns();
    Optional<Columns.Column> notValid =
        columns.stream().filter(column -> column.notValid().isPresent()).findFirst();
    if (notValid.isPresent()) {
      return notValid(context, notValid.get());
    }
    return verdict(
        columns.stream().anyMatch(Columns.Column::notNull),
        Columns.say(columns.stream().filter(Columns.Column::notNull), "is NOT NULL", "are NOT NULL")
            .orElseGet(
                () ->
                    ColumnNames.say(context.migration().newNames(), "accepts NULL", "accept NULL")),
        "run the command: expand");
  }

  private Uni<Verdict> notValid(GateContext context, Columns.Column column) {
    return verdict(
        false,
        column.name() + " is NOT NULL for new rows only",
        "ALTER TABLE %s VALIDATE CONSTRAINT %s"
            .formatted(
                context.migration().table(), SqlName.quote(column.notValid().orElseThrow())));
  }
}
