package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * A session under the rules of DDL: no lock is waited for longer than {@link #LOCK_TIMEOUT_MS}, and
 * its name tells other runners what it does. Closing gives a pooled session its own settings back.
 */
final class SessionSettings implements AutoCloseable {
  static final int LOCK_TIMEOUT_MS = 1_000;

  /** The session in which Liquibase works. */
  static final String WORKER = "zerodowntime schema";

  /** The session that keeps other runners out and looks around. */
  static final String GUARD = "zerodowntime schema guard";

  private static final String CURRENT =
      """
      SELECT current_setting('application_name') AS application_name,
        current_setting('lock_timeout') AS lock_timeout,
        current_setting('statement_timeout') AS statement_timeout
      """;
  private static final String CHANGE =
      """
      SELECT set_config('application_name', ?, false),
        set_config('lock_timeout', ?, false),
        set_config('statement_timeout', ?, false)
      """;
  // an autovacuum gives way after deadlock_timeout, which must be over before lock_timeout is
  private static final String GIVE_WAY =
      """
      SELECT set_config('deadlock_timeout', '500ms', false) FROM pg_roles
      WHERE rolname = current_user AND rolsuper
      """;

  private final Connection connection;
  private final List<String> before;

  private SessionSettings(Connection connection, List<String> before) {
    this.connection = connection;
    this.before = before;
  }

  static SessionSettings apply(Connection connection, String applicationName) throws SQLException {
    SessionSettings settings = new SessionSettings(connection, current(connection));
    settings.change(List.of(applicationName, LOCK_TIMEOUT_MS + "ms", "0"));
    return settings;
  }

  @Override
  public void close() throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
    change(before);
  }

  /** The settings that the session had before: name, lock timeout, statement timeout. */
  List<String> before() {
    return before;
  }

  /** Those that it has now. */
  List<String> current() throws SQLException {
    return current(connection);
  }

  private void change(List<String> values) throws SQLException {
    try (PreparedStatement change = connection.prepareStatement(CHANGE);
        Statement giveWay = connection.createStatement()) {
      for (int i = 0; i < values.size(); i++) {
        change.setString(i + 1, values.get(i));
      }
      change.execute();
      giveWay.execute(GIVE_WAY);
    }
    // a SET that is rolled back is taken back
    if (!connection.getAutoCommit()) {
      connection.commit();
    }
  }

  private static List<String> current(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(CURRENT)) {
      row.next();
      return List.of(
          row.getString("application_name"),
          row.getString("lock_timeout"),
          row.getString("statement_timeout"));
    }
  }
}
