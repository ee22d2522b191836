package io.zerodowntime.migration;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A column of a migration, and how it is computed from the columns of the other side.
 *
 * @param name as the catalog has it
 * @param expression immutable SQL over columns of the other side only, at least one of them
 * @param type the SQL type of a column that is yet to come; empty for the type of its expression
 */
public record ComputedColumn(String name, String expression, Optional<String> type) {

  /** A column that exists, or takes the type of its expression. */
  public static ComputedColumn of(String name, String expression) {
    return new ComputedColumn(name, expression, Optional.empty());
  }

  static List<String> names(List<ComputedColumn> columns) {
    return columns.stream().map(ComputedColumn::name).toList();
  }

  /** What an UPDATE sets, for example {@code status = lower(old_status)}. */
  static String assignments(List<ComputedColumn> columns) {
    return columns.stream()
        .map(column -> SqlName.quote(column.name()) + " = " + column.expression())
        .collect(Collectors.joining(", "));
  }
}
