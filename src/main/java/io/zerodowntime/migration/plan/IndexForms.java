package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.migration.plan.TableFacts.IndexKey;
import io.zerodowntime.migration.plan.TableFacts.OldIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What the new indexes are on. An index takes the form of the old one at the same place of the
 * definition: an old column, and an expression that is a new column's own, become that new column,
 * and other columns stay. Whether two expressions are the same is judged by how the server writes
 * them, never by the definition's text. Where that does not hold for every key, the index is on the
 * new columns alone, with a comment that says what to look at.
 */
final class IndexForms {
  private final Migration migration;
  private final TableFacts facts;
  private final List<Written> forwards;

  private IndexForms(Migration migration, TableFacts facts, List<Written> forwards) {
    this.migration = migration;
    this.facts = facts;
    this.forwards = forwards;
  }

  /** The forms, in the order of the definition; the transaction is to be rolled back. */
  static Uni<List<Form>> of(SqlConnection transaction, Migration migration, TableFacts facts) {
    boolean expressions =
        facts.oldIndexes().values().stream()
            .flatMap(index -> index.keys().stream())
            .anyMatch(key -> key.column().isEmpty());
    Uni<List<Written>> forwards =
        expressions ? forwards(transaction, migration) : Uni.createFrom().item(List.of());
    return forwards.map(written -> new IndexForms(migration, facts, written).forms());
  }

  /** A type without a btree order makes no index, and no form. */
  private static Uni<List<Written>> forwards(SqlConnection transaction, Migration migration) {
    List<ComputedColumn> columns = migration.newColumns();
    List<String> statements = new ArrayList<>();
    statements.add(FactsSql.PROBE_TABLE.formatted(migration.table()));
    for (int n = 0; n < columns.size(); n++) {
      statements.add(FactsSql.PROBE_INDEX.formatted(n, columns.get(n).expression()));
    }
    return Sequential.run(
            statements, sql -> transaction.preparedQuery(sql).execute().replaceWithVoid())
        .chain(() -> transaction.query(FactsSql.PROBE_KEYS).execute())
        .map(
            rows ->
                rows.stream()
                    .map(
                        row ->
                            new Written(
                                row.getString("name"),
                                row.getString("expression"),
                                row.getLong("collation")))
                    .toList())
        .onFailure(PgException.class)
        .recoverWithItem(List.of());
  }

  private List<Form> forms() {
    Stream<Form> ofKeys =
        migration.movesKey()
            ? Stream.of(
                ofKey(migration.oldIndexes().get(0), migration.key()),
                ofKey(migration.newIndexes().get(0), migration.newKey()))
            : Stream.empty();
    int others = migration.movesKey() ? 1 : 0;
    return Stream.concat(
            ofKeys, IntStream.range(others, migration.newIndexes().size()).mapToObj(this::form))
        .toList();
  }

  /** The old key gets one beside that of the primary key, which goes when the constraint moves. */
  private static Form ofKey(String name, List<String> key) {
    return new Form(
        name,
        true,
        key.stream().map(SqlName::quote).collect(Collectors.joining(", ")),
        0,
        Optional.empty());
  }

  private Form form(int n) {
    String name = migration.newIndexes().get(n);
    if (n >= migration.oldIndexes().size()) {
      return alone(name, "the definition names no old index at its place");
    }
    String old = migration.oldIndexes().get(n);
    OldIndex index = facts.oldIndexes().get(old);
    if (index == null) {
      return alone(name, "%s, the old index at its place, does not exist".formatted(old));
    }
    List<Optional<String>> keys = index.keys().stream().map(this::key).toList();
    if (!index.plain() || keys.stream().anyMatch(Optional::isEmpty)) {
      return alone(
          name, "the form of %s cannot be carried over: %s".formatted(old, index.definition()));
    }
    return new Form(
        name,
        index.unique(),
        keys.stream().flatMap(Optional::stream).collect(Collectors.joining(", ")),
        index.bytes(),
        index.unique()
            ? Optional.of("UNIQUE as %s is: forward must not make one value of two".formatted(old))
            : Optional.empty());
  }

  private Form alone(String name, String why) {
    return new Form(
        name,
        false,
        migration.newNames().stream().map(SqlName::quote).collect(Collectors.joining(", ")),
        0,
        Optional.of("look at the columns: " + why));
  }

  /** The key of the new index; empty if it cannot be told. */
  private Optional<String> key(IndexKey key) {
    if (key.column().isEmpty()) {
      return forwards.stream()
          .filter(written -> written.is(key))
          .findFirst()
          .map(written -> named(migration.newNames().get(written.place()), key));
    }
    if (!migration.oldNames().contains(key.column().get())) {
      return Optional.of(named(key.column().get(), key));
    }
    return migration.newNames().size() == 1
        ? Optional.of(named(migration.newNames().get(0), key))
        : Optional.empty();
  }

  private static String named(String column, IndexKey key) {
    return SqlName.quote(column) + key.order();
  }

  /**
   * An expression of the definition, as the server writes it; the index's name ends in its place.
   */
  private record Written(String index, String expression, long collation) {
    int place() {
      return Integer.parseInt(index.substring(index.lastIndexOf('_') + 1));
    }

    boolean is(IndexKey key) {
      return expression.equals(key.expression()) && collation == key.collation();
    }
  }

  /**
   * A new index.
   *
   * @param columns as they stand in CREATE INDEX
   * @param bytes of the old index that it is like; 0 where it is like none
   * @param check what a reader has to look at before it is built
   */
  record Form(String name, boolean unique, String columns, long bytes, Optional<String> check) {}
}
