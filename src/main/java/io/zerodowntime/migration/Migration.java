package io.zerodowntime.migration;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
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
 * @param table the table as {@link SqlName#table} reads it; kept as SQL reads it. Without a schema,
 *     the connection's search path finds it
 * @param key the columns that pages are cut by: the primary key or other columns that are NOT NULL
 *     and unique together, of any types with a btree order
 * @param oldColumn the column to leave
 * @param newColumn the column to move to
 * @param forward SQL expression over {@code oldColumn}, for example {@code lower(old_status)}
 * @param reverse SQL expression over {@code newColumn}, for example {@code upper(status)}
 * @param newIndexes indexes on the new column that reads need; they are built after the backfill
 * @param oldIndexes indexes on the old column that go with it
 * @param options what this migration sets for itself
 */
public record Migration(
    String name,
    String table,
    List<String> key,
    String oldColumn,
    String newColumn,
    String forward,
    String reverse,
    List<String> newIndexes,
    List<String> oldIndexes,
    Options options) {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  /**
   * @throws IllegalArgumentException if a name is malformed, or an expression is blank
   */
  public Migration {
    require(NAME.matcher(name).matches(), "name %s is not %s".formatted(name, NAME));
    table = SqlName.table(table);
    key = List.copyOf(key);
    require(!key.isEmpty(), "key must name a column");
    require(key.stream().distinct().count() == key.size(), "key names a column twice: " + key);
    newIndexes = List.copyOf(newIndexes);
    oldIndexes = List.copyOf(oldIndexes);
    for (List<String> names : List.of(key, List.of(oldColumn, newColumn), newIndexes, oldIndexes)) {
      names.forEach(SqlName::quote);
    }
    require(!oldColumn.equals(newColumn), "old and new name the same column: " + oldColumn);
    require(!key.contains(oldColumn), "old is a part of the key: " + oldColumn);
    require(!key.contains(newColumn), "new is a part of the key: " + newColumn);
    require(!forward.isBlank(), "new has no expression: " + newColumn);
    require(!reverse.isBlank(), "old has no expression: " + oldColumn);
  }

  /**
   * The predicate that is true for a row whose two columns disagree; a NULL agrees with a NULL
   * only. Backfill in either direction, parity and shadow reads use this one.
   */
  public String mismatch() {
    return SqlName.quote(newColumn) + " IS DISTINCT FROM (" + forward + ")";
  }

  /** The column whose value readers are given in this phase, and which a repair copies. */
  public String authoritative(Phase phase) {
    return phase.readsNew() ? newColumn : oldColumn;
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /**
   * What one migration sets for itself; empty where the program's settings count.
   *
   * @param newType the SQL type of the new column; empty for the type of its expression
   * @param soak how long phases 2 and 3 must last before the step that follows them
   * @param batchSize rows in a batch at most
   * @param targetLoad the share of its time that a worker works
   */
  public record Options(
      Optional<String> newType,
      Optional<Duration> soak,
      Optional<Integer> batchSize,
      Optional<Double> targetLoad) {
    /** The program's settings count. */
    public static final Options NONE =
        new Options(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }
}
