package io.zerodowntime.app;

import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.DatabaseEngine;
import io.zerodowntime.db.DatabaseHost;
import io.zerodowntime.db.DatabaseUrl;
import io.zerodowntime.db.PoolerLook;
import io.zerodowntime.db.Pooling;
import io.zerodowntime.db.SslMode;
import io.zerodowntime.db.TargetSession;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.postgresql.Driver;

/**
 * A server that can serve, as a start has found it.
 *
 * @param url by which it was reached
 * @param mode that its connections are to use
 * @param pooling what stands before it
 * @param identity of its cluster and database; empty where it is not asked for
 * @param role why a pooler may not share the sessions of the role
 */
record ReachedServer(
    DatabaseUrl url, SslMode mode, Pooling pooling, String identity, Optional<String> role) {
  private static final int OLDEST_MAJOR = 14;
  private static final String SECONDS = "5";

  /** A pooler may give each statement another session, so none is prepared. */
  private static final Map<String, String> PARAMETERS =
      Map.of(
          "connectTimeout",
          SECONDS,
          "loginTimeout",
          SECONDS,
          "socketTimeout",
          SECONDS,
          "preferQueryMode",
          "simple");

  /** No TLS or no login without it (08004, 28000), no agreement about TLS (08006). */
  private static final Set<String> OTHER_MODE_MAY_HELP = Set.of("08004", "28000", "08006");

  private static final String WRITES =
      """
      SELECT pg_is_in_recovery() AS standby,
        current_setting('transaction_read_only') = 'on' AS read_only
      """;

  /** Two URLs lead to one database if this is the same. */
  private static final String IDENTITY =
      """
      SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid AS identity
      FROM pg_database WHERE datname = current_database()
      """;

  /**
   * Logs in to one host of the URL after the other, until one can serve. Blocks for 12 seconds for
   * each host at most, and behind a pooler for 12 seconds more.
   *
   * @param name the variable that holds the URL
   * @param identified whether the identity is asked for
   * @throws StartException if none can serve, in one line
   */
  static ReachedServer reach(String name, DatabaseUrl url, boolean identified) {
    List<String> failures = new ArrayList<>();
    for (DatabaseHost host : url.hosts()) {
      try {
        return reach(name, url, host, identified);
      } catch (Unfit unfit) {
        failures.add(unfit.getMessage());
      } catch (SQLException e) {
        if (url.hosts().size() == 1) {
          throw new StartException(explain(name, url, e), e);
        }
        failures.add(url.at(host).redacted() + " " + problem(e));
      }
    }
    throw new StartException(
        url.hosts().size() == 1
            ? name + " " + failures.get(0)
            : "%s has no host to use: %s".formatted(name, String.join("; ", failures)));
  }

  private static ReachedServer reach(
      String name, DatabaseUrl url, DatabaseHost host, boolean identified)
      throws SQLException, Unfit {
    List<SslMode> modes = candidates(url.sslMode());
    try {
      return logIn(name, url, host, modes.get(0), identified);
    } catch (SQLException first) {
      if (modes.size() == 1 || !OTHER_MODE_MAY_HELP.contains(state(first))) {
        throw first;
      }
      return logIn(name, url, host, modes.get(1), identified);
    }
  }

  private static List<SslMode> candidates(SslMode mode) {
    return switch (mode) {
      case PREFER -> List.of(SslMode.REQUIRE, SslMode.DISABLE);
      case ALLOW -> List.of(SslMode.DISABLE, SslMode.REQUIRE);
      default -> List.of(mode);
    };
  }

  private static ReachedServer logIn(
      String name, DatabaseUrl url, DatabaseHost host, SslMode mode, boolean identified)
      throws SQLException, Unfit {
    DatabaseUrl one = url.at(host).withSslMode(mode);
    PoolerLook.Source source = () -> connect(one, host);
    try (Connection connection = source.open()) {
      requireEngine(name, one, DatabaseEngine.refuse(connection));
      DatabaseMetaData server = connection.getMetaData();
      requireVersion(
          name, one, server.getDatabaseMajorVersion(), server.getDatabaseProductVersion());
      requireWrites(connection, url, one);
      Pooling pooling = PoolerLook.find(connection, source);
      return new ReachedServer(
          url,
          mode,
          pooling,
          identified ? identity(connection) : "",
          pooling == Pooling.TRANSACTION ? PoolerLook.refuseRole(connection) : Optional.empty());
    } catch (PoolerLook.StatementMode e) {
      throw new StartException(
          "%s %s leads to a pooler in statement mode: transactions are needed"
              .formatted(name, one.redacted()),
          e);
    }
  }

  private static Connection connect(DatabaseUrl url, DatabaseHost host) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", url.user());
    login.setProperty("password", url.password(host).orElse(""));
    return new Driver().connect(url.jdbcUrl(PARAMETERS), login);
  }

  /** A server that answers and may not be used; the message says where and why. */
  private static final class Unfit extends Exception {
    private static final long serialVersionUID = 1;

    Unfit(String message) {
      super(message);
    }
  }

  private static String identity(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(IDENTITY)) {
      row.next();
      return row.getString("identity");
    }
  }

  private static void requireWrites(Connection connection, DatabaseUrl url, DatabaseUrl one)
      throws SQLException, Unfit {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(WRITES)) {
      row.next();
      if (row.getBoolean("standby")) {
        throw new Unfit(
            one.redacted()
                + " is a standby, which takes no writes"
                + (url.target() == TargetSession.ANY
                    ? ": name the primary, or all hosts with target_session_attrs=read-write"
                    : ""));
      }
      if (url.target() == TargetSession.READ_WRITE && row.getBoolean("read_only")) {
        throw new Unfit(one.redacted() + " takes no writes");
      }
    }
  }

  static void requireEngine(String name, DatabaseUrl url, Optional<String> other) {
    other.ifPresent(
        engine -> {
          throw new StartException(
              "%s %s is %s: PostgreSQL itself is needed, by its locks the fleet switches"
                  .formatted(name, url.redacted(), engine));
        });
  }

  static void requireVersion(String name, DatabaseUrl url, int major, String version) {
    if (major < OLDEST_MAJOR) {
      throw new StartException(
          "%s %s is PostgreSQL %s: %d or later is needed"
              .formatted(name, url.redacted(), version, OLDEST_MAJOR));
    }
  }

  private static String explain(String name, DatabaseUrl url, SQLException failure) {
    return "%s %s %s".formatted(name, url.redacted(), problem(failure));
  }

  private static String problem(SQLException failure) {
    String problem =
        switch (state(failure)) {
          case "28P01", "28000" -> "refuses the login, user or password is wrong";
          case "3D000" -> "has no such database";
          case "57P03" -> "is starting up or shutting down, try again";
          case "53300" -> "has no connection left";
          case "08004" -> "refuses the connection";
          default -> "cannot be reached";
        };
    return "%s (%s)".formatted(problem, detail(failure));
  }

  private static String state(SQLException failure) {
    return failure.getSQLState() == null ? "" : failure.getSQLState();
  }

  private static String detail(SQLException failure) {
    return failure.getCause() instanceof UnknownHostException
        ? "unknown host"
        : String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }
}
