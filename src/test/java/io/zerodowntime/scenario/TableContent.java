package io.zerodowntime.scenario;

import static java.util.stream.Collectors.joining;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** Reads a table that is migrated: its columns, its rows, and values that fit into it. */
final class TableContent {
  private static final String COLUMNS =
      """
      SELECT attname, format_type(atttypid, atttypmod),
        attnotnull AND NOT atthasdef AND attidentity = ''
      FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
      """;

  /** Of a foreign key on an old column: the new one, and the table that it refers to. */
  private static final String REFERENCES =
      """
      SELECT c.confrelid::regclass FROM pg_constraint c
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
      WHERE c.contype = 'f' AND c.conrelid = to_regclass(%s) AND a.attname = %s
      """;

  private static final int EXAMPLES = 1000;

  private TableContent() {}

  /** The statements of its writers, once {@code expand} has added the new columns. */
  static FencedStatements statements(Connection connection, List<Migration> migrations)
      throws SQLException {
    List<String> moved = migrations.stream().flatMap(each -> each.moved().stream()).toList();
    Map<String, String> types = new HashMap<>();
    List<String> carried = new ArrayList<>();
    for (List<String> column :
        rows(connection, COLUMNS.formatted(SqlName.literal(migrations.get(0).table())))) {
      types.put(column.get(0), column.get(1));
      if (column.get(2).equals("t") && !moved.contains(column.get(0))) {
        carried.add(column.get(0));
      }
    }
    String sequence =
        migrations.stream()
            .filter(Migration::movesKey)
            .map(each -> sequence(each))
            .findFirst()
            .map(sql -> one(connection, sql))
            .orElse("");
    return new FencedStatements(
        migrations, Map.copyOf(types), List.copyOf(carried), sequence, true);
  }

  private static String sequence(Migration migration) {
    return "SELECT pg_get_serial_sequence(%s, %s)"
        .formatted(
            SqlName.literal(migration.table()), SqlName.literal(migration.oldNames().get(0)));
  }

  private static String one(Connection connection, String sql) {
    try {
      return rows(connection, sql).get(0).get(0);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** The new columns that refer to another table, and which one. */
  static Map<String, String> references(Connection connection, List<Migration> migrations)
      throws SQLException {
    Map<String, String> found = new HashMap<>();
    for (Migration each : migrations) {
      String sql =
          REFERENCES.formatted(
              SqlName.literal(each.table()), SqlName.literal(each.oldNames().get(0)));
      rows(connection, sql).forEach(row -> found.put(each.newNames().get(0), row.get(0)));
    }
    return found;
  }

  /** Values for new rows, carried ones and new ones, made of rows that are there in phase 0. */
  static List<List<String>> examples(Connection connection, FencedStatements of)
      throws SQLException {
    String columns =
        Stream.concat(
                of.carried().stream().map(FencedStatements::text),
                of.givenColumns().stream().map(of::forward))
            .collect(joining(", "));
    return rows(connection, "SELECT %s FROM %s LIMIT %d".formatted(columns, of.table(), EXAMPLES));
  }

  /** Every row in its new form, by key, as the old columns have it. */
  static Map<List<String>, List<String>> fromOld(Connection connection, FencedStatements of)
      throws SQLException {
    return all(connection, of, of.key(), of::forward);
  }

  /** Every row in its new form, by key, as the new columns have it after the drop. */
  static Map<List<String>, List<String>> fromNew(Connection connection, FencedStatements of)
      throws SQLException {
    return all(
        connection,
        of,
        of.keyAfterDrop(),
        column -> FencedStatements.text(of.nameAfterDrop(column.name())));
  }

  private static Map<List<String>, List<String>> all(
      Connection connection,
      FencedStatements of,
      List<String> keys,
      Function<ComputedColumn, String> value)
      throws SQLException {
    String columns =
        Stream.concat(
                keys.stream().map(FencedStatements::text), of.newColumns().stream().map(value))
            .collect(joining(", "));
    int key = keys.size();
    Map<List<String>, List<String>> found = new HashMap<>();
    for (List<String> row : rows(connection, "SELECT %s FROM %s".formatted(columns, of.table()))) {
      found.put(row.subList(0, key), row.subList(key, row.size()));
    }
    return found;
  }

  private static List<List<String>> rows(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<List<String>> rows = new ArrayList<>();
      int columns = result.getMetaData().getColumnCount();
      while (result.next()) {
        List<String> row = new ArrayList<>(columns);
        for (int i = 1; i <= columns; i++) {
          row.add(result.getString(i));
        }
        rows.add(row);
      }
      return rows;
    }
  }
}
