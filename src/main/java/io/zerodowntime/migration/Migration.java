package io.zerodowntime.migration;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One move of one table from one or several old columns to one or several new ones.
 *
 * <p>The expressions are SQL and must be immutable. {@code forward}, those of the new columns,
 * compute the new values from the old ones, and {@code reverse}, those of the old columns, the old
 * values from the new ones. {@code forward(reverse(y)) = y} must hold for all new values {@code y}
 * of a row that the service accepts; {@code reverse(forward(x))} may lose the spelling of a legacy
 * value.
 *
 * @param name how operators, metrics and the database call it, at most 63 of {@code [a-z0-9-]}
 * @param table the table as {@link SqlName#table} reads it; kept as SQL reads it. Without a schema,
 *     the connection's search path finds it
 * @param key the columns that pages are cut by: the primary key or other columns that are NOT NULL
 *     and unique together, of any types with a btree order. One of them may be the old column
 * @param oldColumns the columns to leave, for example {@code old_status} by {@code upper(status)}
 * @param newColumns the columns to move to, for example {@code status} by {@code lower(old_status)}
 * @param newIndexes indexes on new columns that reads need; they are built after the backfill
 * @param oldIndexes indexes on old columns that go with them
 * @param options what this migration sets for itself
 */
public record Migration(
    String name,
    String table,
    List<String> key,
    List<ComputedColumn> oldColumns,
    List<ComputedColumn> newColumns,
    List<String> newIndexes,
    List<String> oldIndexes,
    Options options) {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  /**
   * @throws IllegalArgumentException if a name is malformed, a column is named twice or missing, or
   *     an expression is blank
   */
  public Migration {
    require(NAME.matcher(name).matches(), "name %s is not %s".formatted(name, NAME));
    table = SqlName.table(table);
    key = List.copyOf(key);
    require(!key.isEmpty(), "key must name a column");
    require(key.stream().distinct().count() == key.size(), "key names a column twice: " + key);
    oldColumns = List.copyOf(oldColumns);
    newColumns = List.copyOf(newColumns);
    newIndexes = List.copyOf(newIndexes);
    oldIndexes = List.copyOf(oldIndexes);
    List<String> oldNames = ComputedColumn.names(oldColumns);
    List<String> newNames = ComputedColumn.names(newColumns);
    for (List<String> names : List.of(key, oldNames, newNames, newIndexes, oldIndexes)) {
      names.forEach(SqlName::quote);
    }
    requireColumns("old", oldColumns);
    requireColumns("new", newColumns);
    for (String column : newNames) {
      require(!key.contains(column), "new is a part of the key: " + column);
    }
    boolean oneToOne = oldNames.size() == 1 && newNames.size() == 1;
    require(
        oneToOne || !options.restoreNames(),
        "restore-names needs one old and one new column: which name is whose cannot be told");
    if (oldNames.stream().anyMatch(key::contains)) {
      require(
          options.sync() == Sync.OFF,
          "old is a part of the key: sync cannot tell a number that was given from a default");
      require(oneToOne, "old is a part of the key: name one old and one new column");
      require(
          !newIndexes.isEmpty() && !oldIndexes.isEmpty(),
          "old is a part of the key: name a unique index of each side in indexes, as the first one");
    }
    for (String column : newNames) {
      require(!oldNames.contains(column), "old and new name the same column: " + column);
    }
  }

  private static void requireColumns(String role, List<ComputedColumn> columns) {
    require(!columns.isEmpty(), role + " must name a column");
    List<String> names = ComputedColumn.names(columns);
    require(names.stream().distinct().count() == names.size(), role + " names a column twice");
    for (ComputedColumn column : columns) {
      require(!column.expression().isBlank(), role + " has no expression: " + column.name());
    }
  }

  /** The names of the columns to leave, as the catalog has them. */
  public List<String> oldNames() {
    return ComputedColumn.names(oldColumns);
  }

  /** The names of the columns to move to, as the catalog has them. */
  public List<String> newNames() {
    return ComputedColumn.names(newColumns);
  }

  /** Both, the old ones first. */
  public List<String> moved() {
    return Stream.concat(oldNames().stream(), newNames().stream()).toList();
  }

  /** Whether the old column is a part of the key, so that the new side has a key of its own. */
  public boolean movesKey() {
    return oldNames().stream().anyMatch(key::contains);
  }

  /** The key of the new side: the new column stands in place of the old one. */
  public List<String> newKey() {
    return key.stream()
        .map(column -> oldNames().contains(column) ? newNames().get(0) : column)
        .toList();
  }

  /** How the function of {@code sync} is called; its triggers have two characters more. */
  public String syncName() {
    String full = "zd_sync_" + name;
    return full.length() <= 61 ? full : "zd_sync_%08x".formatted(name.hashCode());
  }

  /** Indexes that are built for this migration: those of both keys, where it moves the key. */
  public List<String> builtIndexes() {
    return movesKey()
        ? Stream.concat(oldIndexes.stream().limit(1), newIndexes.stream()).toList()
        : newIndexes;
  }

  /**
   * A column that this migration moves and the other one moves too, or has in its key. On one table
   * they would undo each other, or one would drop what the other reads.
   */
  public Optional<String> collision(Migration other) {
    return moved().stream()
        .filter(column -> other.key().contains(column) || other.moved().contains(column))
        .findFirst();
  }

  /**
   * The predicate that is true for a row whose old and new columns disagree; a NULL agrees with a
   * NULL only. Backfill in either direction, parity and shadow reads use this one.
   */
  public String mismatch() {
    String any =
        newColumns.stream()
            .map(c -> "%s IS DISTINCT FROM (%s)".formatted(SqlName.quote(c.name()), c.expression()))
            .collect(Collectors.joining(" OR "));
    return newColumns.size() == 1 ? any : "(" + any + ")";
  }

  /**
   * What a batch sets in a row that disagrees, for example {@code status = lower(old_status)}.
   *
   * @param reverse from the new columns to the old ones
   */
  public String assignments(boolean reverse) {
    return ComputedColumn.assignments(reverse ? oldColumns : newColumns);
  }

  /** The columns whose values readers are given in this phase, and which a repair copies. */
  public List<String> authoritative(Phase phase) {
    return phase.readsNew() ? newNames() : oldNames();
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /**
   * What one migration sets for itself; empty where the program's settings count.
   *
   * @param soak how long phases 2 and 3 must last before the step that follows them
   * @param batchSize rows in a batch at most
   * @param targetLoad the share of its time that a worker works
   * @param restoreNames whether the new column takes the old one's name when that is dropped
   * @param sync what triggers do for writers that know nothing of the migration
   */
  public record Options(
      Optional<Duration> soak,
      Optional<Integer> batchSize,
      Optional<Double> targetLoad,
      boolean restoreNames,
      Sync sync) {
    /** The program's settings count. */
    public static final Options NONE =
        new Options(Optional.empty(), Optional.empty(), Optional.empty(), false, Sync.OFF);
  }
}
