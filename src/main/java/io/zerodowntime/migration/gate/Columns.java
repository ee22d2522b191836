package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import java.util.Optional;

/** What the catalog says of a migration's two columns; empty where a column does not exist. */
record Columns(Optional<Column> oldColumn, Optional<Column> newColumn) {
  private static final String COLUMNS =
      """
      SELECT attname, attnotnull, atthasdef,
        (SELECT conname FROM pg_constraint
          WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum]
            AND NOT convalidated) AS not_valid,
        EXISTS (SELECT FROM pg_constraint
          WHERE conrelid = attrelid AND contype = 'c' AND attnum = ANY (conkey)
            AND pg_get_constraintdef(oid) ~* 'is not null') AS checked
      FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attname IN ($2, $3) AND NOT attisdropped
      """;

  /**
   * One column.
   *
   * @param notNull NULL is refused in new rows; on PostgreSQL 18 rows from before may hold it
   * @param notValid the NOT NULL constraint that is not validated, of PostgreSQL 18 and later
   * @param checked a CHECK constraint, valid or not, refuses NULL in new rows
   */
  record Column(boolean notNull, boolean hasDefault, Optional<String> notValid, boolean checked) {
    /** An INSERT that does not name the column succeeds. */
    boolean optional() {
      return hasDefault || (!notNull && !checked);
    }
  }

  static Uni<Columns> of(SqlClient client, Migration migration) {
    return client
        .preparedQuery(COLUMNS)
        .execute(Tuple.of(migration.table(), migration.oldColumn(), migration.newColumn()))
        .map(
            rows -> {
              Optional<Column> oldColumn = Optional.empty();
              Optional<Column> newColumn = Optional.empty();
              for (Row row : rows) {
                Optional<Column> column =
                    Optional.of(
                        new Column(
                            row.getBoolean("attnotnull"),
                            row.getBoolean("atthasdef"),
                            Optional.ofNullable(row.getString("not_valid")),
                            row.getBoolean("checked")));
                if (row.getString("attname").equals(migration.oldColumn())) {
                  oldColumn = column;
                } else {
                  newColumn = column;
                }
              }
              return new Columns(oldColumn, newColumn);
            });
  }
}
