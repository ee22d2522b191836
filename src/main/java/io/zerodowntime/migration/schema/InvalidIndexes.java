package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
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
  /*
   * Of a partitioned table an index is not valid until each partition has one that is attached; what
   * is built on the partitions has names of its own. Who builds an index holds SHARE UPDATE EXCLUSIVE
   * on its table for all the time, as a VACUUM does; pg_stat_progress_create_index hides the builds
   * of other roles. An autovacuum has no user.
   */
  private static final String INVALID =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass(?)")
          + """

      SELECT format('%I.%I', n.nspname, c.relname) AS name,
        (SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted
           AND l.mode = 'ShareUpdateExclusiveLock' AND a.usesysid IS NOT NULL
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         LIMIT 1) AS builder
      FROM tree
        JOIN pg_class t ON t.oid = tree.relation
        JOIN pg_index i ON i.indrelid = t.oid
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN unnest(?) AS new (name) ON c.relname = CASE WHEN t.relispartition
          THEN\s"""
          + PartitionTree.indexName("t.relname", "new.name")
          + """
       ELSE new.name END
      WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT c.relispartition
      """;

  private InvalidIndexes() {}

  /**
   * Drops the invalid ones among the indexes that the migration builds, so that they can be built
   * again.
   *
   * @return what is in the way: the build that another session is still at, whose index is left
   *     alone, or a long transaction on the table
   */
  static Optional<Obstacle> drop(
      Connection session, Migration migration, LongTransactions longTransactions)
      throws SQLException {
    for (Invalid index : find(session, migration)) {
      Optional<Obstacle> obstacle =
          index.builder() == 0 ? longTransactions.find(session) : Optional.of(building(index));
      if (obstacle.isPresent()) {
        return obstacle;
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
      Array names = session.createArrayOf("text", migration.builtIndexes().toArray());
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
        "index %s is being built, or its table vacuumed, in the session of pid %d"
            .formatted(index.name(), index.builder()));
  }

  /**
   * One row of the select.
   *
   * @param builder the pid of the session that may be building it now; 0 if none
   */
  private record Invalid(String name, int builder) {}
}
