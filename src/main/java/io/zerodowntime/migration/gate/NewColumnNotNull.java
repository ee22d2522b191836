package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** The database itself holds that no row lacks the new value. */
final class NewColumnNotNull implements Gate {

  @Override
  public String name() {
    return "new-column-not-null";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    boolean held = context.columns().newColumn().filter(Columns.Column::notNull).isPresent();
    return verdict(
        held,
        context.migration().newColumn() + (held ? " is NOT NULL" : " accepts NULL"),
        "run the command: expand");
  }
}
