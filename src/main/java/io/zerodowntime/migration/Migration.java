package io.zerodowntime.migration;

import java.util.List;
import java.util.regex.Pattern;

/**
 * One move of one table from an old column to a new one.
 *
 * <p>The expressions are SQL and must be immutable. {@code forward} computes the new value from the
 * old column, {@code reverse} the old value from the new column. {@code forward(reverse(y)) = y}
 * must hold for every {@code y} that the service accepts; {@code reverse(forward(x))} may lose the
 * spelling of a legacy value.
 *
 * @param name how operators, metrics and the database call it, at most 63 of {@code [a-z0-9-]}
 * @param table the table's name, without a schema: the connection's search path finds it
 * @param key the column that pages are cut by: the primary key or another unique, NOT NULL column
 * @param keyType the SQL type of {@code key}; any type with a btree order
 * @param oldColumn the column to leave
 * @param newColumn the column to move to
 * @param forward SQL expression over {@code oldColumn}, for example {@code lower(old_status)}
 * @param reverse SQL expression over {@code newColumn}, for example {@code upper(status)}
 * @param newIndexes indexes on the new column that reads need; they are built after the backfill
 * @param oldIndexes indexes on the old column that go with it
 */
public record Migration(
    String name,
    String table,
    String key,
    String keyType,
    String oldColumn,
    String newColumn,
    String forward,
    String reverse,
    List<String> newIndexes,
    List<String> oldIndexes) {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");
  private static final Pattern IDENTIFIER = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

  /**
   * @throws IllegalArgumentException if the name or an identifier is malformed, or an expression
   *     does not name its column
   */
  public Migration {
    require(NAME.matcher(name).matches(), "name " + name + " is not " + NAME);
    for (String identifier : List.of(table, key, oldColumn, newColumn)) {
      require(
          IDENTIFIER.matcher(identifier).matches(),
          "identifier " + identifier + " of " + name + " is not " + IDENTIFIER);
    }
    require(names(forward, oldColumn), "forward of " + name + " does not name " + oldColumn);
    require(names(reverse, newColumn), "reverse of " + name + " does not name " + newColumn);
    newIndexes = List.copyOf(newIndexes);
    oldIndexes = List.copyOf(oldIndexes);
  }

  /**
   * The predicate that is true for a row whose two columns disagree; a NULL agrees with a NULL
   * only. Backfill in either direction, parity and shadow reads use this one.
   */
  public String mismatch() {
    return newColumn + " IS DISTINCT FROM " + forward;
  }

  /** The column whose value readers are given in this phase, and which a repair copies. */
  public String authoritative(Phase phase) {
    return phase.readsNew() ? newColumn : oldColumn;
  }

  private static boolean names(String expression, String column) {
    return Pattern.compile("\\b" + column + "\\b").matcher(expression).find();
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
