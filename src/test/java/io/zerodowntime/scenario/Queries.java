package io.zerodowntime.scenario;

import io.zerodowntime.migration.SqlName;
import io.zerodowntime.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** Asks the database, whatever the service says. */
record Queries(TestDatabase database) {
  private static final String STEP =
      """
      SELECT phase || CASE WHEN drained_at IS NULL THEN ' draining' ELSE '' END
      FROM migration_state WHERE name = '%s'
      """;

  private static final String STEPS =
      """
      SELECT string_agg(from_phase::text || to_phase, ' ' ORDER BY id)
      FROM migration_history WHERE migration = '%s' AND kind <> 'action'
      """;

  private static final String COLUMNS =
      """
      SELECT string_agg(attname, E'\\n') FROM pg_attribute
      WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
      """;

  /** The first column of the first row as text; null if there is none. */
  String ask(String sql) {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      boolean rows = statement.execute(sql);
      try (ResultSet result = rows ? statement.getResultSet() : null) {
        return result != null && result.next() ? result.getString(1) : null;
      }
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** A migration's effective phase, drained: for example {@code 1}, or {@code 1 draining}. */
  String phase(String migration) {
    return ask(STEP.formatted(migration));
  }

  /** A migration's steps in their order, for example {@code 01 12}. */
  String steps(String migration) {
    return ask(STEPS.formatted(migration));
  }

  /** The names of a table's columns. */
  List<String> columns(String table) {
    return ask(COLUMNS.formatted(SqlName.literal(table))).lines().toList();
  }
}
