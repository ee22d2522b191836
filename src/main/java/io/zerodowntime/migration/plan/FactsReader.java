package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.plan.TableFacts.Column;
import io.zerodowntime.migration.plan.TableFacts.ForeignKey;
import io.zerodowntime.migration.plan.TableFacts.IndexKey;
import io.zerodowntime.migration.plan.TableFacts.Measured;
import io.zerodowntime.migration.plan.TableFacts.MovedKey;
import io.zerodowntime.migration.plan.TableFacts.OldIndex;
import io.zerodowntime.migration.plan.TableFacts.Sequence;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads {@link TableFacts}; changes nothing. */
final class FactsReader {
  private final SqlClient client;
  private final Migration migration;
  private final List<Migration> keyMovers;

  private FactsReader(SqlClient client, Migration migration, List<Migration> all) {
    this.client = client;
    this.migration = migration;
    this.keyMovers = all.stream().filter(Migration::movesKey).toList();
  }

  /**
   * The facts of a table that exists.
   *
   * @param all migrations, of which one may move a key that the table refers to
   */
  static Uni<TableFacts> read(SqlClient client, Migration migration, List<Migration> all) {
    return new FactsReader(client, migration, all).read();
  }

  private Uni<TableFacts> read() {
    return Uni.combine()
        .all()
        .unis(
            rows(FactsSql.TABLE, Tuple.of(migration.table())).map(rows -> rows.get(0)),
            rows(
                FactsSql.COLUMNS,
                Tuple.of(migration.table(), migration.moved().toArray(String[]::new))),
            rows(
                FactsSql.INDEXES,
                Tuple.of(migration.table(), migration.oldIndexes().toArray(String[]::new))),
            key(),
            foreignKeys(),
            engine())
        .usingConcurrencyOf(1)
        .with(FactsReader::facts);
  }

  private Uni<Optional<MovedKey>> key() {
    return migration.movesKey()
        ? rows(
                FactsSql.KEY,
                Tuple.of(
                    migration.table(),
                    migration.key().toArray(String[]::new),
                    migration.oldNames().get(0)))
            .map(rows -> Optional.of(key(rows.get(0))))
        : Uni.createFrom().item(Optional.empty());
  }

  private Uni<List<ForeignKey>> foreignKeys() {
    return rows(
            FactsSql.FOREIGN_KEYS,
            Tuple.of(
                migration.table(),
                migration.oldNames().toArray(String[]::new),
                keyMovers.stream().map(Migration::table).toArray(String[]::new),
                keyMovers.stream().map(mover -> mover.oldNames().get(0)).toArray(String[]::new)))
        .map(rows -> rows.stream().map(this::foreignKey).toList());
  }

  private ForeignKey foreignKey(Row row) {
    return new ForeignKey(
        row.getString("name"),
        row.getString("parent"),
        List.of(row.getArrayOfStrings("columns")),
        List.of(row.getArrayOfStrings("referenced")),
        row.getString("actions"),
        Optional.ofNullable(row.getInteger("mover")).map(keyMovers::get));
  }

  private static MovedKey key(Row row) {
    return new MovedKey(
        Optional.ofNullable(row.getString("primary_key")),
        Optional.ofNullable(row.getString("default_value")),
        Optional.ofNullable(row.getString("sequence"))
            .map(
                name ->
                    new Sequence(
                        name,
                        row.getBoolean("is_identity"),
                        row.getString("sequence_type"),
                        row.getLong("increment"),
                        row.getLong("maximum"),
                        row.getLong("cache"))));
  }

  private Uni<List<Row>> rows(String sql, Tuple parameters) {
    return client.preparedQuery(sql).execute(parameters).map(rows -> rows.stream().toList());
  }

  private Uni<Optional<Row>> engine() {
    return client
        .query(FactsSql.HAS_ENGINE)
        .execute()
        .chain(
            has ->
                has.iterator().next().getBoolean("has")
                    ? rows(FactsSql.ENGINE, Tuple.of(migration.name()))
                        .map(rows -> Optional.of(rows.get(0)))
                    : Uni.createFrom().item(Optional.empty()));
  }

  private static TableFacts facts(
      Row table,
      List<Row> columns,
      List<Row> indexes,
      Optional<MovedKey> key,
      List<ForeignKey> foreignKeys,
      Optional<Row> engine) {
    return new TableFacts(
        table.getBoolean("partitioned"),
        table.getLong("rows"),
        table.getBoolean("analyzed"),
        table.getLong("bytes"),
        table.getLong("index_bytes"),
        table.getInteger("indexes"),
        byName(columns, FactsReader::column),
        byName(indexes, FactsReader::index),
        key,
        foreignKeys,
        engine.map(row -> row.getInteger("phase")),
        engine
            .filter(row -> row.getLong("rate") != null)
            .map(row -> new Measured(row.getString("migration"), row.getLong("rate"))));
  }

  private static <T> Map<String, T> byName(
      List<Row> rows, java.util.function.Function<Row, T> read) {
    return rows.stream().collect(Collectors.toMap(row -> row.getString("name"), read));
  }

  private static Column column(Row row) {
    return new Column(
        row.getString("type"),
        Optional.ofNullable(row.getString("collation")),
        row.getBoolean("not_null"),
        Optional.ofNullable(row.getInteger("width")));
  }

  private static OldIndex index(Row row) {
    String[] columns = row.getArrayOfStrings("columns");
    String[] expressions = row.getArrayOfStrings("expressions");
    Long[] collations = row.getArrayOfLongs("collations");
    String[] orders = row.getArrayOfStrings("orders");
    return new OldIndex(
        row.getString("definition"),
        row.getBoolean("is_unique"),
        row.getBoolean("plain"),
        row.getLong("bytes"),
        IntStream.range(0, columns.length)
            .mapToObj(
                k ->
                    new IndexKey(
                        Optional.ofNullable(columns[k]), expressions[k], collations[k], orders[k]))
            .toList());
  }
}
