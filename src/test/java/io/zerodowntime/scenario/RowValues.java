package io.zerodowntime.scenario;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Values for the rows of one table.
 *
 * @param examples values that are in the table, those that are carried and the given new ones
 * @param parents the rows that a given column may refer to, by its name
 */
record RowValues(
    FencedStatements statements, List<List<String>> examples, Map<String, RowLedger> parents) {

  /** What an INSERT takes. */
  List<String> any(Random random) {
    List<String> values = new ArrayList<>(examples.get(random.nextInt(examples.size())));
    List<ComputedColumn> given = statements.givenColumns();
    for (int i = 0; i < given.size(); i++) {
      RowLedger parent = parents.get(given.get(i).name());
      if (parent != null) {
        values.set(statements.carried().size() + i, parent.anyKey(random.nextDouble()).get(0));
      }
    }
    return values;
  }

  /** The new values of such a row; a key that moves is a new value too, and is what it was. */
  List<String> newValues(List<String> key, List<String> any) {
    List<String> values = new ArrayList<>(any.subList(statements.carried().size(), any.size()));
    statements.keyMover().ifPresent(mover -> values.add(key.get(place(mover))));
    return values;
  }

  private static int place(Migration mover) {
    return mover.key().indexOf(mover.oldNames().get(0));
  }
}
