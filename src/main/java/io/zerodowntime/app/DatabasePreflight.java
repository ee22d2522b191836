package io.zerodowntime.app;

import io.zerodowntime.app.embedded.StartException;
import io.zerodowntime.db.DatabaseEngine;
import io.zerodowntime.db.DatabaseUrl;
import io.zerodowntime.db.SslMode;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.postgresql.Driver;

/** Finds out at the very start, in a few seconds, whether {@code DATABASE_URL} can serve. */
public final class DatabasePreflight {
  private static final int OLDEST_MAJOR = 14;
  private static final String SECONDS = "5";
  private static final Map<String, String> TIMEOUTS =
      Map.of("connectTimeout", SECONDS, "loginTimeout", SECONDS, "socketTimeout", SECONDS);

  /** No TLS or no login without it (08004, 28000), no agreement about TLS (08006). */
  private static final Set<String> OTHER_MODE_MAY_HELP = Set.of("08004", "28000", "08006");

  private DatabasePreflight() {}

  /**
   * Logs in, at most twice. Blocks for 12 seconds at most.
   *
   * @param databaseUrl what {@code DATABASE_URL} says
   * @return the mode that all connections are to use: the URL's, or what the server made of {@code
   *     prefer} and {@code allow}. The reactive client has no use of those: with each connection to
   *     a server without TLS it leaves another one behind
   * @throws StartException if the URL is malformed, the server cannot be reached, is too old or is
   *     not PostgreSQL, or the login fails; its one line never shows the password
   */
  public static SslMode check(String databaseUrl) {
    DatabaseUrl url = parse(databaseUrl);
    List<SslMode> modes = candidates(url.sslMode());
    try {
      return logIn(url.withSslMode(modes.get(0)));
    } catch (SQLException first) {
      if (modes.size() == 1 || !OTHER_MODE_MAY_HELP.contains(state(first))) {
        throw new StartException(explain(url, first), first);
      }
      try {
        return logIn(url.withSslMode(modes.get(1)));
      } catch (SQLException second) {
        throw new StartException(explain(url, second), second);
      }
    }
  }

  private static List<SslMode> candidates(SslMode mode) {
    return switch (mode) {
      case PREFER -> List.of(SslMode.REQUIRE, SslMode.DISABLE);
      case ALLOW -> List.of(SslMode.DISABLE, SslMode.REQUIRE);
      default -> List.of(mode);
    };
  }

  private static SslMode logIn(DatabaseUrl url) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", url.user());
    login.setProperty("password", url.password().orElse(""));
    try (Connection connection = new Driver().connect(url.jdbcUrl(TIMEOUTS), login)) {
      requireEngine(url, DatabaseEngine.refuse(connection));
      DatabaseMetaData server = connection.getMetaData();
      requireVersion(url, server.getDatabaseMajorVersion(), server.getDatabaseProductVersion());
      return url.sslMode();
    }
  }

  static void requireEngine(DatabaseUrl url, Optional<String> other) {
    other.ifPresent(
        name -> {
          throw new StartException(
              "DATABASE_URL %s is %s: PostgreSQL itself is needed, by its locks the fleet switches"
                  .formatted(url.redacted(), name));
        });
  }

  static void requireVersion(DatabaseUrl url, int major, String version) {
    if (major < OLDEST_MAJOR) {
      throw new StartException(
          "DATABASE_URL %s is PostgreSQL %s: %d or later is needed"
              .formatted(url.redacted(), version, OLDEST_MAJOR));
    }
  }

  private static DatabaseUrl parse(String databaseUrl) {
    try {
      return DatabaseUrl.parse(databaseUrl);
    } catch (IllegalArgumentException e) {
      throw new StartException("DATABASE_URL is " + e.getMessage(), e);
    }
  }

  private static String explain(DatabaseUrl url, SQLException failure) {
    String problem =
        switch (state(failure)) {
          case "28P01", "28000" -> "refuses the login, user or password is wrong";
          case "3D000" -> "has no such database";
          case "57P03" -> "is starting up or shutting down, try again";
          case "53300" -> "has no connection left";
          case "08004" -> "refuses the connection";
          default -> "cannot be reached";
        };
    return "DATABASE_URL %s %s (%s)".formatted(url.redacted(), problem, detail(failure));
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
