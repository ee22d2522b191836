package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A session under the rules of DDL: no lock is waited for longer than its {@code lock_timeout}, no
 * other timeout cuts a statement, and its name tells other runners what it does. Closing gives a
 * pooled session its own settings back.
 */
final class SessionSettings implements AutoCloseable {
  /** The session in which Liquibase works. */
  static final String WORKER = "zerodowntime schema";

  /** The session that keeps other runners out and looks around. */
  static final String GUARD = "zerodowntime schema guard";

  private static final String APPLICATION_NAME = "application_name";
  private static final String LOCK_TIMEOUT = "lock_timeout";

  // which of them exist depends on the server's version; timeouts are in milliseconds
  private static final String CURRENT =
      """
      SELECT name, setting FROM pg_settings
      WHERE name IN ('application_name', 'lock_timeout', 'statement_timeout', 'transaction_timeout',
        'idle_session_timeout', 'idle_in_transaction_session_timeout', 'tcp_keepalives_idle')
      """;

  /*
   * An autovacuum cancels itself for a session that waits behind it, once that session has waited
   * for deadlock_timeout: whoever gives up earlier never gets the lock. A quarter of a second is
   * for the cancellation. The bound protects writers, who queue behind the DDL meanwhile, where
   * deadlock_timeout is long; LongTransactions waits for autovacuums there.
   */
  private static final String DDL_LOCK_TIMEOUT =
      """
      SELECT LEAST(setting::bigint + 250, 3000) AS lock_timeout FROM pg_settings
      WHERE name = 'deadlock_timeout'
      """;

  private static final String CHANGE = "SELECT set_config(?, ?, false)";

  private final Connection connection;
  private final Map<String, String> before;
  private final String lockTimeout;

  private SessionSettings(Connection connection, Map<String, String> before, String lockTimeout) {
    this.connection = connection;
    this.before = before;
    this.lockTimeout = lockTimeout;
  }

  static SessionSettings apply(Connection connection, String applicationName) throws SQLException {
    // the login was bounded; an index takes as long as it takes
    connection.setNetworkTimeout(Runnable::run, 0);
    SessionSettings settings =
        new SessionSettings(connection, current(connection), ddlLockTimeout(connection));
    Map<String, String> rules = new LinkedHashMap<>(settings.before);
    rules.replaceAll((name, value) -> "0");
    rules.put(APPLICATION_NAME, applicationName);
    rules.put(LOCK_TIMEOUT, settings.lockTimeout);
    // in seconds: a session that is silent for an hour must not be forgotten on the way
    rules.put("tcp_keepalives_idle", "30");
    settings.change(rules);
    return settings;
  }

  /** Bounds the wait for locks. A statement that no other one waits behind needs no bound. */
  void boundLocks(boolean bounded) throws SQLException {
    change(Map.of(LOCK_TIMEOUT, bounded ? lockTimeout : "0"));
  }

  @Override
  public void close() throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
    change(before);
  }

  /** The settings that the session had before, by name. */
  Map<String, String> before() {
    return before;
  }

  /** Those that it has now. */
  Map<String, String> current() throws SQLException {
    return current(connection);
  }

  private void change(Map<String, String> values) throws SQLException {
    try (PreparedStatement change = connection.prepareStatement(CHANGE)) {
      for (Map.Entry<String, String> value : values.entrySet()) {
        change.setString(1, value.getKey());
        change.setString(2, value.getValue());
        change.execute();
      }
    }
    // a SET that is rolled back is taken back
    if (!connection.getAutoCommit()) {
      connection.commit();
    }
  }

  private static Map<String, String> current(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(CURRENT)) {
      Map<String, String> found = new LinkedHashMap<>();
      while (rows.next()) {
        found.put(rows.getString("name"), rows.getString("setting"));
      }
      return found;
    }
  }

  private static String ddlLockTimeout(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(DDL_LOCK_TIMEOUT)) {
      row.next();
      return row.getString("lock_timeout");
    }
  }
}
