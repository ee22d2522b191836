package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * The SQL functions for statements of other services. Their schema may need an administrator; the
 * engine itself does without them.
 */
final class WriterFunctions {
  private static final Logger LOG = Logger.getLogger(WriterFunctions.class);

  private static final String REMEDY =
      """
      SELECT CASE WHEN schema IS NULL THEN 'CREATE SCHEMA zerodowntime AUTHORIZATION '
        ELSE 'ALTER SCHEMA zerodowntime OWNER TO ' END || quote_ident(current_user) AS remedy
      FROM (SELECT to_regnamespace('zerodowntime') AS schema) found
      WHERE NOT EXISTS (SELECT FROM pg_proc p
        WHERE p.pronamespace = found.schema AND p.proname = 'heartbeat')
      """;

  private final AtomicBoolean told = new AtomicBoolean();

  /**
   * Logs once which statement an administrator has to run, if the changeset was passed over.
   *
   * @return nothing: a schema change does not wait for it
   */
  Optional<Obstacle> tellIfMissing(Connection session, List<String> ran) throws SQLException {
    Optional<String> remedy = remedy(session);
    if (remedy.isPresent() && told.compareAndSet(false, true)) {
      LOG.infof(
          "The SQL functions for other services are not installed: this role may not create them."
              + " If they are wanted, let an administrator run %s, and run expand again",
          remedy.get());
    }
    return Optional.empty();
  }

  static Optional<String> remedy(Connection session) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(REMEDY)) {
      return rows.next() ? Optional.of(rows.getString("remedy")) : Optional.empty();
    }
  }
}
