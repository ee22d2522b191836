package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.plan.TableFacts.MovedKey;
import io.zerodowntime.migration.plan.TableFacts.Sequence;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What the changesets of a migration that moves the key are filled in with. */
final class KeyChangesets {
  /** Types that a sequence can have. */
  private static final Set<String> INTEGERS = Set.of("smallint", "integer", "bigint");

  private final Map<String, String> values;
  private final Migration migration;
  private final MovedKey key;
  private final String quote;

  private KeyChangesets(
      Map<String, String> values, Migration migration, MovedKey key, String quote) {
    this.values = values;
    this.migration = migration;
    this.key = key;
    this.quote = quote;
  }

  /**
   * Adds the values to those of the migration.
   *
   * @param types of the new columns, by name
   * @throws IllegalArgumentException if the key is not the primary key
   */
  static void put(
      Map<String, String> values,
      Migration migration,
      TableFacts facts,
      Map<String, String> types,
      String quote) {
    values.putAll(Map.of("unlessKey", "", "numbersGrow", "", "numbersShrink", ""));
    facts
        .key()
        .ifPresent(
            key ->
                new KeyChangesets(values, migration, key, quote)
                    .put(String.valueOf(types.get(migration.newNames().get(0)))));
  }

  private void put(String newType) {
    String oldColumn = migration.oldNames().get(0);
    String newColumn = migration.newNames().get(0);
    String primaryKey =
        key.primaryKey()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the key of %s is not its primary key: write the changesets by hand"
                            .formatted(migration.table())));
    values.put("primaryKey", SqlName.quote(primaryKey));
    values.put("oldIndex", SqlName.quote(migration.oldIndexes().get(0)));
    values.put("newIndex", SqlName.quote(migration.newIndexes().get(0)));
    values.put("oldColumn", SqlName.quote(oldColumn));
    values.put("newColumn", SqlName.quote(newColumn));
    values.put("oldHeld", SqlName.quote(oldColumn) + " IS NOT NULL");
    values.put("oldPrimary", primary(primaryKey));
    values.put("newPrimary", primary(migration.newIndexes().get(0)));
    values.put("oldReferences", references(oldColumn));
    values.put("newReferences", references(newColumn));
    values.put("keyIndexes", indexes());
    values.put(
        "unlessKey",
        fill("--precondition-sql-check expectedResult:0 SELECT count(*) FROM %(newPrimary)\n"));
    putNumbers(newType);
    values.put("keyToOld", fill(KeyChangesetSql.KEY_TO_OLD));
  }

  private String fill(String template) {
    return ChangesetSql.fill(template, values, quote);
  }

  private String table() {
    return "to_regclass(" + SqlName.literal(migration.table()) + ")";
  }

  private String primary(String name) {
    return "pg_constraint WHERE conrelid = %s AND contype = 'p' AND conname = %s"
        .formatted(table(), SqlName.literal(name));
  }

  private String references(String column) {
    return ("pg_constraint WHERE contype = 'f' AND confrelid = %s AND (SELECT attnum FROM"
            + " pg_attribute WHERE attrelid = %1$s AND attname = %s) = ANY (confkey)")
        .formatted(table(), SqlName.literal(column));
  }

  private String indexes() {
    return ("pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s"
            + " AND i.indisvalid AND c.relname IN (%s, %s)")
        .formatted(
            table(),
            SqlName.literal(migration.oldIndexes().get(0)),
            SqlName.literal(migration.newIndexes().get(0)));
  }

  private void putNumbers(String newType) {
    String oldColumn = migration.oldNames().get(0);
    String newColumn = migration.newNames().get(0);
    values.put("numbersToNew", numbers(oldColumn, newColumn));
    values.put("numbersToOld", numbers(newColumn, oldColumn));
    boolean identity = key.sequence().filter(Sequence::identity).isPresent();
    values.put("declare", identity ? KeyChangesetSql.DECLARE : "");
    key.sequence()
        .filter(sequence -> INTEGERS.contains(newType) && !newType.equals(sequence.type()))
        .ifPresent(sequence -> putBounds(sequence, newType));
  }

  /** Numbers that are too big for the old column come once it is dropped, and not before. */
  private void putBounds(Sequence sequence, String newType) {
    String grow = sequence.identity() ? "NO MAXVALUE" : "AS " + newType;
    String shrink =
        sequence.identity() ? "MAXVALUE " + sequence.maximum() : "AS " + sequence.type();
    values.put("numbersGrow", "  ALTER SEQUENCE %s %s;\n".formatted(sequence.name(), grow));
    values.put(
        "numbersShrink", "--rollback   ALTER SEQUENCE %s %s;\n".formatted(sequence.name(), shrink));
  }

  private String numbers(String from, String to) {
    Map<String, String> columns = Map.of("from", SqlName.quote(from), "to", SqlName.quote(to));
    return key.sequence()
            .filter(Sequence::identity)
            .map(sequence -> fill(KeyChangesetSql.MOVE_IDENTITY, columns, sequence))
            .orElse("")
        + key.defaultValue()
            .map(value -> fill(KeyChangesetSql.MOVE_DEFAULT, columns, Map.of("default", value)))
            .orElse("")
        + key.sequence()
            .filter(sequence -> !sequence.identity())
            .map(sequence -> fill(KeyChangesetSql.MOVE_OWNED, columns, sequence))
            .orElse("");
  }

  private String fill(String template, Map<String, String> columns, Sequence sequence) {
    return fill(
        template,
        columns,
        Map.of(
            "sequence", sequence.name(),
            "increment", String.valueOf(sequence.increment()),
            "maximum", String.valueOf(sequence.maximum()),
            "cache", String.valueOf(sequence.cache())));
  }

  private String fill(String template, Map<String, String> columns, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(values);
    all.putAll(columns);
    all.putAll(more);
    return ChangesetSql.fill(template, all, quote);
  }

  /** The end of the rollback of the stage enforce, a comment for each of its lines. */
  static String rollback(Map<String, String> values, String quote) {
    return ChangesetSql.fill(KeyChangesetSql.ENFORCE_BACK, values, quote)
        .lines()
        .map(line -> "--rollback " + line + "\n")
        .collect(Collectors.joining());
  }
}
