package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the catalog says of a migration's columns, each side in the order of the definition. */
record Columns(List<Column> oldColumns, List<Column> newColumns) {
  private static final String COLUMNS =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass($1)")
          + """

      SELECT k.name, k.is_old, a.attnum IS NOT NULL AS found, COALESCE(a.attnotnull, false)
          AS not_null, COALESCE(a.atthasdef, false) AS has_default,
        (SELECT conname FROM pg_constraint
          WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum]
            AND NOT convalidated) AS not_valid,
        EXISTS (SELECT FROM tree JOIN pg_attribute p ON p.attrelid = tree.relation
            AND p.attname = k.name AND p.attnum > 0 AND NOT p.attisdropped
          WHERE p.attnotnull OR EXISTS (SELECT FROM pg_constraint
            WHERE conrelid = p.attrelid AND contype = 'c' AND p.attnum = ANY (conkey)
              AND pg_get_constraintdef(oid) ~* 'is not null')) AS demanded
      FROM (SELECT name, true AS is_old, n FROM unnest($2::text[]) WITH ORDINALITY AS o (name, n)
        UNION ALL SELECT name, false, n FROM unnest($3::text[]) WITH ORDINALITY AS o (name, n)) k
      LEFT JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = k.name
        AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY k.n
      """;

  /**
   * One column.
   *
   * @param exists false where the catalog has no such column; nothing else holds then
   * @param notNull NULL is refused in new rows; on PostgreSQL 18 rows from before may hold it
   * @param notValid the NOT NULL constraint that is not validated, of PostgreSQL 18 and later
   * @param demanded the table or a partition of it refuses NULL in new rows, by NOT NULL or by a
   *     CHECK constraint, valid or not
   */
  record Column(
      String name,
      boolean exists,
      boolean notNull,
      boolean hasDefault,
      Optional<String> notValid,
      boolean demanded) {
    /** An INSERT that does not name the column succeeds. */
    boolean optional() {
      return hasDefault || !demanded;
    }
  }

  static Uni<Columns> of(SqlClient client, Migration migration) {
    return client
        .preparedQuery(COLUMNS)
        .execute(
            Tuple.of(
                migration.table(),
                migration.oldNames().toArray(String[]::new),
                migration.newNames().toArray(String[]::new)))
        .map(
            rows -> {
              List<Column> oldColumns = new ArrayList<>();
              List<Column> newColumns = new ArrayList<>();
              for (Row row : rows) {
                (row.getBoolean("is_old") ? oldColumns : newColumns).add(column(row));
              }
              return new Columns(oldColumns, newColumns);
            });
  }

  private static Column column(Row row) {
    return new Column(
        row.getString("name"),
        row.getBoolean("found"),
        row.getBoolean("not_null"),
        row.getBoolean("has_default"),
        Optional.ofNullable(row.getString("not_valid")),
        row.getBoolean("demanded"));
  }

  /** Says {@code ofOne} or {@code ofSeveral} of the columns; empty if there are none. */
  static Optional<String> say(Stream<Column> columns, String ofOne, String ofSeveral) {
    List<String> names = columns.map(Column::name).toList();
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(ColumnNames.say(names, ofOne, ofSeveral));
  }

  /** Those that an INSERT has to name, in a sentence; empty if there are none. */
  static Optional<String> required(List<Column> columns) {
    return say(
        columns.stream().filter(column -> !column.optional()),
        "is NOT NULL without a default",
        "are NOT NULL without a default");
  }

  /** Those that do not exist, in a sentence; empty if there are none. */
  static Optional<String> missing(List<Column> columns, String ofOne, String ofSeveral) {
    return say(columns.stream().filter(column -> !column.exists()), ofOne, ofSeveral);
  }
}
