package io.zerodowntime.migration.plan;

import io.zerodowntime.migration.Migration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What the database says of a migration's table.
 *
 * @param partitioned its rows are in partitions
 * @param rows by the statistics and the size of today; partitions added up
 * @param analyzed false where rows were never counted, so that {@code rows} is nothing to rely on
 * @param bytes of the table without its indexes and without values kept apart (TOAST)
 * @param indexBytes of all its indexes
 * @param indexes how many each row has an entry in
 * @param columns those of the definition that exist, by name
 * @param oldIndexes those of the definition that exist, by name
 * @param key what moves with the key; empty where the migration does not move it
 * @param foreignKeys those on an old column
 * @param phase in force; empty for a migration that is not registered
 * @param measured the last backfill that is a measure for another one
 */
record TableFacts(
    boolean partitioned,
    long rows,
    boolean analyzed,
    long bytes,
    long indexBytes,
    int indexes,
    Map<String, Column> columns,
    Map<String, OldIndex> oldIndexes,
    Optional<MovedKey> key,
    List<ForeignKey> foreignKeys,
    Optional<Integer> phase,
    Optional<Measured> measured) {

  /** A column that exists, as each old one does. */
  Column column(String name) {
    return Objects.requireNonNull(columns.get(name), name);
  }

  /**
   * A column.
   *
   * @param type with its length, as {@code format_type} shows it
   * @param collation as SQL reads it; empty for that of the type
   * @param width bytes of a value on average; empty without statistics
   */
  record Column(
      String type, Optional<String> collation, boolean notNull, Optional<Integer> width) {}

  /**
   * An index that goes with an old column.
   *
   * @param definition the statement that creates it, as the server writes it
   * @param plain a btree over all rows, with the usual operator classes and collations
   * @param keys in their order
   */
  record OldIndex(
      String definition, boolean unique, boolean plain, long bytes, List<IndexKey> keys) {}

  /**
   * What an index orders its entries by.
   *
   * @param column its name; empty for an expression
   * @param expression as the server writes it
   * @param collation its number in the catalog
   * @param order what follows it, for example {@code " DESC"}
   */
  record IndexKey(Optional<String> column, String expression, long collation, String order) {}

  /**
   * The key of a migration that moves it.
   *
   * @param primaryKey the constraint's name; empty where the key is not the primary key
   * @param defaultValue of the old column, as the server writes it
   */
  record MovedKey(
      Optional<String> primaryKey, Optional<String> defaultValue, Optional<Sequence> sequence) {}

  /**
   * Where the numbers of the old column come from.
   *
   * @param name as SQL reads it
   * @param identity the column is an identity column, else the sequence is owned by it
   */
  record Sequence(
      String name, boolean identity, String type, long increment, long maximum, long cache) {}

  /**
   * A foreign key on an old column.
   *
   * @param parent the table that it refers to, as SQL reads it
   * @param actions all that follows the columns it refers to, for example {@code ON DELETE CASCADE}
   * @param mover the migration that moves the key it refers to; empty if none does
   */
  record ForeignKey(
      String name,
      String parent,
      List<String> columns,
      List<String> referenced,
      String actions,
      Optional<Migration> mover) {}

  /**
   * A backfill that was complete.
   *
   * @param migration whose it was
   * @param rowsPerSecond from its start to its end, pauses included
   */
  record Measured(String migration, long rowsPerSecond) {}
}
