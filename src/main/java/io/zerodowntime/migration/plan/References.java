package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.plan.PlanFile.Lock;
import io.zerodowntime.migration.plan.TableFacts.ForeignKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A foreign key that moves with its column, because the key that it refers to moves by a migration
 * of its own.
 */
final class References {
  private final Migration migration;
  private final ForeignKey key;
  private final Migration mover;
  private final int n;

  private References(Migration migration, ForeignKey key, int n) {
    this.migration = migration;
    this.key = key;
    this.mover = key.mover().orElseThrow();
    this.n = n;
  }

  /** Those of a migration, numbered from 1. */
  static List<References> of(Migration migration, TableFacts facts) {
    List<ForeignKey> moved =
        facts.foreignKeys().stream().filter(key -> moves(migration, facts, key)).toList();
    return IntStream.range(0, moved.size())
        .mapToObj(i -> new References(migration, moved.get(i), i + 1))
        .toList();
  }

  /**
   * Which of several columns takes the place of which is not told, and a partitioned table takes no
   * foreign key that is NOT VALID before PostgreSQL 18.
   */
  static boolean moves(Migration migration, TableFacts facts, ForeignKey key) {
    return key.mover().isPresent()
        && !facts.partitioned()
        && migration.oldNames().size() == 1
        && migration.newNames().size() == 1;
  }

  /** What its changesets are filled in with. */
  Map<String, String> values() {
    String newName = newName();
    Map<String, String> values = new HashMap<>();
    values.put("n", String.valueOf(n));
    values.put("mover", mover.name());
    values.put("parent", key.parent());
    values.put("actions", key.actions());
    values.put("oldName", SqlName.quote(key.name()));
    values.put("newName", SqlName.quote(newName));
    values.put("oldForeignKey", constraint(key.name()));
    values.put("newForeignKey", constraint(newName));
    values.put("oldColumns", list(key.columns()));
    values.put("newColumns", list(replaced(key.columns(), migration)));
    values.put("oldReferenced", list(key.referenced()));
    values.put("newReferenced", list(replaced(key.referenced(), mover)));
    values.put(
        "parentKey",
        ("pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid JOIN pg_class c"
                + " ON c.oid = i.indexrelid WHERE a.attrelid = to_regclass(%s) AND a.attname = %s"
                + " AND a.attnotnull AND c.relname = %s AND i.indisvalid")
            .formatted(
                SqlName.literal(key.parent()),
                SqlName.literal(mover.newNames().get(0)),
                SqlName.literal(mover.newIndexes().get(0))));
    return values;
  }

  /** The constraint's name, before and after it moves. */
  Map.Entry<String, String> names() {
    return Map.entry(key.name(), newName());
  }

  /** The name says which column it is on; one that would be too long is made of its hash. */
  private String newName() {
    return Changesets.name(
        SqlName.withoutSchema(migration.table()) + "_" + migration.newNames().get(0), "_fkey" + n);
  }

  private String constraint(String name) {
    return "pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"
        .formatted(SqlName.literal(migration.table()), SqlName.literal(name));
  }

  private static List<String> replaced(List<String> columns, Migration by) {
    return columns.stream()
        .map(column -> by.oldNames().contains(column) ? by.newNames().get(0) : column)
        .toList();
  }

  private static String list(List<String> columns) {
    return columns.stream().map(SqlName::quote).collect(Collectors.joining(", "));
  }

  /** What its changesets of a stage lock; those that are added and dropped lock both tables. */
  List<Lock> locks(String stage) {
    String id = stage + "-foreign-key-" + n;
    String brief = "constant, the catalog only; the other table is waited for 100 ms";
    String scan = "one scan of the table; reads and writes go on";
    return List.of(
        new Lock(id, "SHARE ROW EXCLUSIVE", migration.table(), brief),
        new Lock(id, "SHARE ROW EXCLUSIVE", key.parent(), "the same"),
        new Lock(id + "-validate", "SHARE UPDATE EXCLUSIVE", migration.table(), scan),
        new Lock(id + "-drop", "ACCESS EXCLUSIVE", migration.table(), brief),
        new Lock(id + "-drop", "ACCESS EXCLUSIVE", key.parent(), "the same"));
  }
}
