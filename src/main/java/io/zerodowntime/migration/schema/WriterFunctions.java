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
 * The SQL functions for statements of other services. Their schema may need an administrator, and a
 * database has them once; the engine itself does without them.
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

  /** A function whose body was bound when it was created depends on the tables that it reads. */
  private static final String OTHERS =
      """
      SELECT DISTINCT other.relnamespace::regnamespace::text AS theirs,
        own.relnamespace::regnamespace::text AS ours
      FROM pg_proc p
      JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class other ON other.oid = d.refobjid AND other.relname = 'migration_state'
      JOIN pg_class own ON own.oid = 'migration_state'::regclass AND own.oid <> other.oid
      WHERE p.pronamespace = to_regnamespace('zerodowntime') AND p.proname = 'phase'
      """;

  private final AtomicBoolean told = new AtomicBoolean();

  /**
   * Logs once why this engine goes without the functions, if it does: which statement an
   * administrator has to run, or which schema's engine has them.
   *
   * @return nothing: a schema change does not wait for it
   */
  Optional<Obstacle> tellIfMissing(Connection session, List<String> ran) throws SQLException {
    try (Statement statement = session.createStatement()) {
      tellOfRights(statement);
      tellOfOthers(statement);
    }
    return Optional.empty();
  }

  private void tellOfRights(Statement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery(REMEDY)) {
      if (rows.next() && told.compareAndSet(false, true)) {
        LOG.infof(
            "The SQL functions for other services are not installed: this role may not create them."
                + " If they are wanted, let an administrator run %s, and run expand again",
            rows.getString("remedy"));
      }
    }
  }

  private void tellOfOthers(Statement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery(OTHERS)) {
      if (rows.next() && told.compareAndSet(false, true)) {
        LOG.warnf(
            "The SQL functions zerodowntime.phase and zerodowntime.heartbeat belong to the engine in"
                + " schema %s; the one in schema %s goes without: they know none of its migrations",
            rows.getString("theirs"), rows.getString("ours"));
      }
    }
  }
}
