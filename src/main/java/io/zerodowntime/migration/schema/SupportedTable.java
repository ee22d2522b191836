package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Refuses tables whose rows are not where PostgreSQL's own locks and indexes are. */
final class SupportedTable {
  private static final String CITUS = "SELECT to_regclass('pg_dist_partition')::text AS catalog";

  // on a worker the shards are written past the coordinator's locks
  private static final String DISTRIBUTED =
      """
      SELECT 'is distributed by Citus' AS reason
      FROM pg_dist_partition WHERE logicalrelid = to_regclass(?)
      """;

  // a key is unique in each of the inheriting tables only, and an index is built for each alone
  private static final String KIND =
      """
      SELECT CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'is a view or a foreign table'
        WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)
        THEN 'has tables that inherit from it, as a hypertable of TimescaleDB has' END AS reason
      FROM pg_class c WHERE c.oid = to_regclass(?)
      """;

  private SupportedTable() {}

  /**
   * Fails with a {@link SchemaFailed} that names the table; accepts one that does not exist yet.
   */
  static void require(Connection session, String table) throws SQLException {
    Optional<String> reason = reason(session, KIND, table);
    if (reason.isEmpty() && hasCitus(session)) {
      reason = reason(session, DISTRIBUTED, table);
    }
    if (reason.isPresent()) {
      throw new SchemaFailed(
          "table %s %s: such a table cannot be migrated".formatted(table, reason.get()), false);
    }
  }

  private static boolean hasCitus(Connection session) throws SQLException {
    try (PreparedStatement select = session.prepareStatement(CITUS);
        ResultSet row = select.executeQuery()) {
      return row.next() && row.getString("catalog") != null;
    }
  }

  private static Optional<String> reason(Connection session, String sql, String table)
      throws SQLException {
    try (PreparedStatement select = session.prepareStatement(sql)) {
      select.setString(1, table);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? Optional.ofNullable(row.getString("reason")) : Optional.empty();
      }
    }
  }
}
