package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** The database itself holds that no row lacks the new value. */
final class NewColumnNotNullGate implements Gate {

  @Override
  public String name() {
    return "new-column-not-null";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    Optional<Columns.Column> column = context.columns().newColumn();
    String name = context.migration().newColumn();
    return column
        .flatMap(Columns.Column::notValid)
        .map(constraint -> notValid(context, constraint))
        .orElseGet(
            () -> {
              boolean held = column.filter(Columns.Column::notNull).isPresent();
              return verdict(
                  held,
                  name + (held ? " is NOT NULL" : " accepts NULL"),
                  "run the command: expand");
            });
  }

  private Uni<Verdict> notValid(GateContext context, String constraint) {
    return verdict(
        false,
        context.migration().newColumn() + " is NOT NULL for new rows only",
        "ALTER TABLE %s VALIDATE CONSTRAINT %s"
            .formatted(context.migration().table(), SqlName.quote(constraint)));
  }
}
