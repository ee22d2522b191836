package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/**
 * One runner at a time in the whole fleet: an advisory lock of a session, which ends with it. It
 * must not go through a pooler that shares sessions.
 */
final class FleetLock implements AutoCloseable {
  private static final String TRY = "SELECT pg_try_advisory_lock(7305513829406150002)";
  private static final String RELEASE = "SELECT pg_advisory_unlock(7305513829406150002)";
  private static final String HOLDER =
      """
      SELECT format('pid %s, application "%s", since %s',
        a.pid, a.application_name, a.backend_start) AS holder
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((l.classid::bigint << 32) | l.objid::bigint) = 7305513829406150002
      """;

  private final Connection connection;
  private final SessionSettings settings;

  private FleetLock(Connection connection, SessionSettings settings) {
    this.connection = connection;
    this.settings = settings;
  }

  /** Waits until no other runner is at work. */
  static FleetLock take(DataSource source, RetryBackoff backoff) throws SQLException {
    Connection connection = source.getConnection();
    try {
      SessionSettings settings = SessionSettings.apply(connection, SessionSettings.GUARD);
      while (!first(connection, TRY).equals("t")) {
        backoff.waitFor("runner", "another schema run is at work: " + first(connection, HOLDER));
      }
      return new FleetLock(connection, settings);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** The session that holds the lock, in autocommit mode. */
  Connection session() {
    return connection;
  }

  @Override
  public void close() throws SQLException {
    try (Connection closed = connection) {
      first(closed, RELEASE);
      settings.close();
    }
  }

  private static String first(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "it has just ended";
    }
  }
}
