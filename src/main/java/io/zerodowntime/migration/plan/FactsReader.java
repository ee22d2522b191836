package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.plan.TableFacts.Column;
import io.zerodowntime.migration.plan.TableFacts.IndexKey;
import io.zerodowntime.migration.plan.TableFacts.Measured;
import io.zerodowntime.migration.plan.TableFacts.OldIndex;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads {@link TableFacts}; changes nothing. */
final class FactsReader {
  private final SqlClient client;
  private final Migration migration;

  private FactsReader(SqlClient client, Migration migration) {
    this.client = client;
    this.migration = migration;
  }

  /** The facts of a table that exists. */
  static Uni<TableFacts> read(SqlClient client, Migration migration) {
    return new FactsReader(client, migration).read();
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
            engine())
        .usingConcurrencyOf(1)
        .with(FactsReader::facts);
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
      Row table, List<Row> columns, List<Row> indexes, Optional<Row> engine) {
    return new TableFacts(
        table.getBoolean("partitioned"),
        table.getLong("rows"),
        table.getBoolean("analyzed"),
        table.getLong("bytes"),
        table.getLong("index_bytes"),
        table.getInteger("indexes"),
        byName(columns, FactsReader::column),
        byName(indexes, FactsReader::index),
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
