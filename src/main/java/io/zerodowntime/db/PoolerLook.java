package io.zerodowntime.db;

import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.postgresql.PGConnection;

/**
 * Finds out whether a connection leads to a server or to a pooler, and when that pooler gives the
 * connection another session. Blocking.
 */
public final class PoolerLook {
  private static final String PID = "SELECT pg_backend_pid()";
  private static final int ROUNDS = 3;

  private PoolerLook() {}

  /** Opens connections to the place that is looked at. */
  public interface Source {
    Connection open() throws SQLException;
  }

  /** A pooler that ends a session's turn with each statement has no transactions. */
  public static final class StatementMode extends SQLException {
    private static final long serialVersionUID = 1;

    StatementMode(SQLException cause) {
      super(cause);
    }
  }

  /**
   * Looks at it. A server names the process of a session when it logs in; a pooler makes a number
   * up, as it has no session yet.
   *
   * @param first a connection to it, in autocommit mode
   * @param source opens another one
   * @throws StatementMode if it takes no transactions
   */
  public static Pooling find(Connection first, Source source) throws SQLException {
    if (pid(first) == first.unwrap(PGConnection.class).getBackendPID()) {
      return Pooling.NONE;
    }
    requireTransactions(first);
    try (Connection second = source.open()) {
      for (int round = 0; round < ROUNDS; round++) {
        if (shares(first, second)) {
          return Pooling.TRANSACTION;
        }
      }
    } catch (SQLException late) {
      // whoever waits for a session while another connection is idle, waits for that one's
      if (isTimeout(late)) {
        return Pooling.SESSION;
      }
      throw late;
    }
    return Pooling.SESSION;
  }

  /**
   * In transaction mode an idle pooler gives the second connection what the first one had, and a
   * busy one, or one that gives its sessions in turn, gives the first one others each time.
   */
  private static boolean shares(Connection first, Connection second) throws SQLException {
    int before = pid(first);
    return pid(second) == before || pid(first) != before || pid(first) != before;
  }

  /** The driver's bound of a login has no cause. */
  private static boolean isTimeout(SQLException failure) {
    return failure.getCause() instanceof SocketTimeoutException
        || ("08001".equals(failure.getSQLState()) && failure.getCause() == null);
  }

  private static void requireTransactions(Connection connection) throws SQLException {
    try {
      connection.setAutoCommit(false);
      pid(connection);
      connection.commit();
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      throw new StatementMode(e);
    }
  }

  /**
   * Finds out why the sessions that a pooler shares cannot be used.
   *
   * @return empty if they can; else what is wrong and what to do
   */
  public static Optional<String> refuseRole(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(PooledRole.SETTINGS)) {
      Map<String, String> settings = new TreeMap<>();
      while (rows.next()) {
        settings.put(rows.getString("name"), rows.getString("setting"));
      }
      return PooledRole.refuse(settings);
    }
  }

  private static int pid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(PID)) {
      row.next();
      return row.getInt(1);
    }
  }
}
