package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * Looks for transactions that a DDL would queue behind: one that waits for a strong lock makes
 * everybody else wait behind itself.
 */
final class LongTransactions {
  // an autovacuum is no obstacle: it gives way to whoever waits for it
  private static final String ON_TABLE =
      """
      SELECT 'pid ' || a.pid AS who, a.application_name AS application,
        extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS age, a.query_start AS start
      FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.backend_type = 'client backend'
        AND a.xact_start < clock_timestamp() - make_interval(secs => ?)
        AND (EXISTS (SELECT FROM pg_locks l
            WHERE l.pid = a.pid AND l.granted AND l.relation = to_regclass(?))
          OR ? AND a.backend_xmin IS NOT NULL)
      UNION ALL
      SELECT 'prepared as ' || p.gid, p.owner,
        extract(epoch FROM clock_timestamp() - p.prepared)::bigint, p.prepared
      FROM pg_prepared_xacts p
      WHERE p.database = current_database()
        AND p.prepared < clock_timestamp() - make_interval(secs => ?)
        AND EXISTS (SELECT FROM pg_locks own JOIN pg_locks l USING (virtualtransaction)
          WHERE own.transactionid = p.transaction AND own.pid IS NULL AND l.pid IS NULL
            AND l.relation = to_regclass(?))
      ORDER BY age DESC LIMIT 1
      """;

  private LongTransactions() {}

  /**
   * The oldest transaction in the way.
   *
   * @param table the table that the DDL locks
   * @param age a transaction younger than this is no obstacle: lock_timeout covers it
   * @param snapshots whether a transaction that only holds a snapshot counts as well: CREATE INDEX
   *     CONCURRENTLY waits for those
   */
  static Optional<Obstacle> look(Connection session, String table, Duration age, boolean snapshots)
      throws SQLException {
    double seconds = age.toMillis() / 1_000.0;
    try (PreparedStatement select = session.prepareStatement(ON_TABLE)) {
      select.setDouble(1, seconds);
      select.setString(2, table);
      select.setBoolean(3, snapshots);
      select.setDouble(4, seconds);
      select.setString(5, table);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? Optional.of(obstacle(rows, table)) : Optional.empty();
      }
    }
  }

  private static Obstacle obstacle(ResultSet row, String table) throws SQLException {
    String who = row.getString("who");
    return new Obstacle(
        who,
        ("a transaction in the way of %s has been open for %d s: %s, application \"%s\","
                + " query started %s; wait for it or end it")
            .formatted(
                table,
                row.getLong("age"),
                who,
                row.getString("application"),
                row.getString("start")));
  }
}
