package io.zerodowntime.db;

import static java.util.Map.entry;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Tells PostgreSQL from servers that only speak its protocol. The protocol of phases needs
 * PostgreSQL's own locks: a statement locks its table before it takes its snapshot, and the lock is
 * in {@code pg_locks} at once.
 */
public final class DatabaseEngine {
  private static final String VERSION = "SELECT version()";

  // a query of pg_locks sees its own lock on that view; YugabyteDB hides locks younger than 1 s
  private static final String SHOWS_LOCKS =
      """
      SELECT EXISTS (SELECT FROM pg_locks
        WHERE pid = pg_backend_pid() AND granted AND mode = 'AccessShareLock'
          AND relation = 'pg_catalog.pg_locks'::regclass) AS shows_locks
      """;

  /** PostgreSQL's own begins so, and those of its managed services and distributions. */
  private static final Pattern POSTGRESQL = Pattern.compile("(PostgreSQL|EnterpriseDB) \\d+");

  /** What stands in version() of others, some of which begin as PostgreSQL does. */
  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          entry("-YB-", "YugabyteDB"),
          entry("CockroachDB", "CockroachDB"),
          entry("Redshift", "Amazon Redshift"),
          entry("Greenplum", "Greenplum"),
          entry("Cloudberry", "Apache Cloudberry"),
          entry("RisingWave", "RisingWave"),
          entry("Materialize", "Materialize"),
          entry("QuestDB", "QuestDB"),
          entry("CrateDB", "CrateDB"),
          entry("openGauss", "openGauss"),
          entry("GaussDB", "GaussDB"));

  private DatabaseEngine() {}

  /**
   * Finds out why this server cannot be used; it does not look at its version.
   *
   * @return empty for PostgreSQL; else what it is, to be put behind the word "is"
   */
  public static Optional<String> refuse(Connection connection) throws SQLException {
    Optional<String> other = judge(first(connection, VERSION));
    if (other.isPresent()) {
      return other;
    }
    return showsLocks(connection)
        ? Optional.empty()
        : Optional.of("a server that does not show its locks in pg_locks");
  }

  /** Judges by the text of version(). */
  static Optional<String> judge(String version) {
    Optional<String> known =
        OTHERS.entrySet().stream()
            .filter(other -> version.contains(other.getKey()))
            .map(Map.Entry::getValue)
            .findFirst();
    return known.isPresent() || POSTGRESQL.matcher(version).lookingAt()
        ? known
        : Optional.of("\"" + version.lines().findFirst().orElse("") + "\"");
  }

  private static boolean showsLocks(Connection connection) {
    try {
      return first(connection, SHOWS_LOCKS).equals("t");
    } catch (SQLException e) {
      return false;
    }
  }

  private static String first(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }
}
