package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Gives the new column, its indexes and its keys the names of the old ones, in the transaction that
 * drops these.
 */
final class RestoredNames {
  /** After the drop a name of a changeset is missing, or is that of another column. */
  private static final String UNLESS_DROPPED =
      """
      --precondition-sql-check expectedResult:1 SELECT count(*) FROM migration_state WHERE name = \
      '%(name)' AND contracted_at IS NULL
      """;

  /** Run a second time, the drop would take the new column, which has the old one's name. */
  private static final String UNLESS_RESTORED =
      """
        IF NOT EXISTS (%(eachNew)) THEN
          RETURN;
        END IF;
      """;

  private final Migration migration;
  private final List<Name> names = new ArrayList<>();

  private RestoredNames(Migration migration) {
    this.migration = migration;
  }

  static void put(Map<String, String> values, Migration migration, TableFacts facts) {
    RestoredNames restored = new RestoredNames(migration);
    if (migration.options().restoreNames()) {
      restored.find(facts);
    }
    boolean reused = migration.movesKey() || migration.options().restoreNames();
    values.put("unlessDropped", reused ? ChangesetSql.fill(UNLESS_DROPPED, values, "") : "");
    values.put(
        "unlessRestored",
        migration.options().restoreNames() ? ChangesetSql.fill(UNLESS_RESTORED, values, "") : "");
    values.put("renames", restored.sql("  ", false));
    values.put("renamesBack", restored.sql("--rollback   ", true));
  }

  private void find(TableFacts facts) {
    add("RENAME COLUMN", migration.newNames().get(0), migration.oldNames().get(0));
    facts
        .key()
        .flatMap(TableFacts.MovedKey::primaryKey)
        .ifPresent(name -> add("RENAME CONSTRAINT", migration.newIndexes().get(0), name));
    References.of(migration, facts)
        .forEach(
            reference ->
                add("RENAME CONSTRAINT", reference.names().getValue(), reference.names().getKey()));
    int pairs = Math.min(migration.newIndexes().size(), migration.oldIndexes().size());
    for (int i = migration.movesKey() ? 1 : 0; i < pairs; i++) {
      if (facts.oldIndexes().containsKey(migration.oldIndexes().get(i))) {
        add("", migration.newIndexes().get(i), migration.oldIndexes().get(i));
      }
    }
  }

  private void add(String what, String from, String to) {
    names.add(new Name(what, from, to));
  }

  private String sql(String begin, boolean back) {
    return names.stream()
        .map(name -> begin + name.sql(migration.table(), back) + ";\n")
        .collect(Collectors.joining());
  }

  /**
   * One name.
   *
   * @param what the clause of ALTER TABLE; empty for an index
   */
  private record Name(String what, String from, String to) {
    String sql(String table, boolean back) {
      String now = back ? to : from;
      String then = SqlName.quote(back ? from : to);
      return what.isEmpty()
          ? "ALTER INDEX %s RENAME TO %s".formatted(SqlName.beside(table, now), then)
          : "ALTER TABLE %s %s %s TO %s".formatted(table, what, SqlName.quote(now), then);
    }
  }
}
