package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Liquibase's own lock: a row that stays locked when its holder is killed. Asked while the {@link
 * FleetLock} is held, so no runner of ours that lives can be the holder, save a session that has
 * lost its process and is still at work. Any other session that could be a Liquibase is respected.
 */
final class ChangelogLock {
  private static final Logger LOG = Logger.getLogger(ChangelogLock.class);
  private static final String EXISTS = "SELECT to_regclass('databasechangeloglock') IS NOT NULL";
  private static final String LOCKED =
      """
      SELECT format('%s since %s', lockedby, lockgranted) AS holder
      FROM databasechangeloglock WHERE id = 1 AND locked
      """;
  // the JDBC driver never leaves its name empty; psql and pgbench hold no such lock
  private static final String SUSPECT =
      """
      SELECT format('pid %s, application "%s", connected since %s',
        pid, application_name, backend_start) AS suspect
      FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND coalesce(backend_type, 'client backend') = 'client backend'
        AND (application_name = 'zerodowntime schema'
          OR application_name NOT LIKE 'zerodowntime%'
            AND application_name NOT IN ('', 'psql', 'pgbench'))
      ORDER BY backend_start LIMIT 1
      """;
  private static final String RELEASE =
      """
      UPDATE databasechangeloglock SET locked = false, lockgranted = NULL, lockedby = NULL
      WHERE id = 1 AND locked AND format('%s since %s', lockedby, lockgranted) = ?
      """;

  private ChangelogLock() {}

  /**
   * Releases a lock whose holder has no session any more.
   *
   * @return who may hold it; empty if it is free now
   */
  static Optional<Obstacle> clear(Connection session) throws SQLException {
    if (!first(session, EXISTS).equals(Optional.of("t"))) {
      return Optional.empty();
    }
    // the lock first, the sessions after: a holder that ends in between has changed the row
    Optional<String> holder = first(session, LOCKED);
    if (holder.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> suspect = first(session, SUSPECT);
    if (suspect.isPresent()) {
      return Optional.of(foreign(holder.get(), suspect.get()));
    }
    release(session, holder.get());
    return Optional.empty();
  }

  private static void release(Connection session, String holder) throws SQLException {
    try (PreparedStatement release = session.prepareStatement(RELEASE)) {
      release.setString(1, holder);
      if (release.executeUpdate() == 1) {
        LOG.warnf("Released Liquibase's lock, left behind by %s: no session holds it", holder);
      }
    }
  }

  private static Obstacle foreign(String holder, String suspect) {
    return new Obstacle(
        "changelog lock " + holder,
        "Liquibase's lock is held by "
            + holder
            + ", perhaps in the session of "
            + suspect
            + "; if no Liquibase is at work there, close that session or run"
            + " `liquibase release-locks`");
  }

  private static Optional<String> first(Connection session, String sql) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
    }
  }
}
