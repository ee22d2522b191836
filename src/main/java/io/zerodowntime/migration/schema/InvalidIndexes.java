package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** What a CREATE INDEX CONCURRENTLY that failed leaves behind: costs writes, serves no read. */
final class InvalidIndexes {
  private static final Logger LOG = Logger.getLogger(InvalidIndexes.class);
  private static final String INVALID =
      """
      SELECT format('%I.%I', n.nspname, c.relname) AS name, p.pid AS builder
      FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_stat_progress_create_index p ON p.relid = i.indrelid
      WHERE i.indrelid = to_regclass(?) AND NOT i.indisvalid AND c.relname = ANY (?)
      """;

  private InvalidIndexes() {}

  /**
   * Drops the invalid ones among the migration's new indexes, so that they can be built again.
   *
   * @return the build that another session is still at; its index is left alone
   */
  static Optional<Obstacle> drop(Connection session, Migration migration) throws SQLException {
    for (Invalid index : find(session, migration)) {
      if (index.builder() != 0) {
        return Optional.of(building(index));
      }
      try (Statement drop = session.createStatement()) {
        drop.execute("DROP INDEX CONCURRENTLY IF EXISTS " + index.name());
      }
      LOG.warnf("Dropped index %s: not valid, a build of it failed", index.name());
    }
    return Optional.empty();
  }

  private static List<Invalid> find(Connection session, Migration migration) throws SQLException {
    try (PreparedStatement select = session.prepareStatement(INVALID)) {
      Array names = session.createArrayOf("text", migration.newIndexes().toArray());
      select.setString(1, migration.table());
      select.setArray(2, names);
      List<Invalid> found = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(new Invalid(rows.getString("name"), rows.getInt("builder")));
        }
      }
      return found;
    }
  }

  private static Obstacle building(Invalid index) {
    return new Obstacle(
        "build " + index.name(),
        "index " + index.name() + " is being built in the session of pid " + index.builder());
  }

  /**
   * One row of the select.
   *
   * @param builder the pid of the session that builds an index on the table now; 0 if none
   */
  private record Invalid(String name, int builder) {}
}
