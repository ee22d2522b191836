package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.PartitionTree;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Completes the new indexes of a partitioned table. A changeset makes the table's own index ({@code
 * ON ONLY}), which has no entries and is not valid. This builds one like it on each partition,
 * concurrently, and attaches it; the last one makes the table's index valid. Partitions are looked
 * for until none is left, so those that came since the changeset was written are included. One that
 * comes later gets its index from the table's, as PostgreSQL does for each.
 *
 * <p>A partition that has partitions gets an index without entries too, and is attached first. An
 * index that is there already, valid and of the same definition, is attached and not built again.
 */
final class PartitionIndexes {
  private static final Logger LOG = Logger.getLogger(PartitionIndexes.class);

  private static final String TO_BEGIN =
      """
      SELECT EXISTS (SELECT FROM pg_class t CROSS JOIN unnest(?) AS new (name)
        WHERE t.oid = to_regclass(?) AND t.relkind = 'p'
          AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = t.oid AND x.relname = new.name)) AS to_begin
      """;

  /**
   * A definition without the names of index and table. The prefix is as the server writes it, so
   * two indexes of two partitions are alike if what follows is.
   */
  private static final String DEFINITION =
      """
      substr(pg_get_indexdef(%1$s.oid), 1 + length(format('CREATE %%sINDEX %%I ON %%s%%I.%%I ',
        CASE WHEN %2$s.indisunique THEN 'UNIQUE ' END, %1$s.relname,
        CASE WHEN %1$s.relkind = 'I' THEN 'ONLY ' END, %3$s.nspname, %4$s.relname)))\
      """;

  /** The children of each index that is there, and the partitions that have none attached. */
  private static final String MISSING =
      """
      WITH RECURSIVE node AS (
        SELECT i.indrelid AS relation, NULL::oid AS parent, i.indexrelid AS index
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = to_regclass(?) AND x.relname = ? AND x.relkind = 'I'
        UNION ALL
        SELECT h.inhrelid, n.index, a.index
        FROM node n JOIN pg_inherits h ON h.inhparent = n.relation AND NOT h.inhdetachpending
        LEFT JOIN LATERAL (SELECT i.indexrelid AS index
          FROM pg_inherits c JOIN pg_index i ON i.indexrelid = c.inhrelid
          WHERE c.inhparent = n.index AND i.indrelid = h.inhrelid) a ON true
        WHERE n.index IS NOT NULL
      ), missing AS (
        SELECT l.oid AS relation, l.relname, l.relkind, ln.nspname, p.oid AS parent,
          format('%%I.%%I', pn.nspname, p.relname) AS parent_name, pi.indisunique AS is_unique,
          %1$s AS index_name, %2$s AS definition
        FROM node n
        JOIN pg_class l ON l.oid = n.relation JOIN pg_namespace ln ON ln.oid = l.relnamespace
        JOIN pg_index pi ON pi.indexrelid = n.parent JOIN pg_class p ON p.oid = n.parent
        JOIN pg_class t ON t.oid = pi.indrelid JOIN pg_namespace pn ON pn.oid = t.relnamespace
        CROSS JOIN (SELECT ?::text AS name) new
        WHERE n.index IS NULL
      )
      SELECT format('%%I.%%I', m.nspname, m.relname) AS partition, m.relkind = 'p' AS has_partitions,
        format('CREATE %%sINDEX %%s%%I ON %%s%%I.%%I %%s', CASE WHEN m.is_unique THEN 'UNIQUE ' END,
          CASE WHEN m.relkind <> 'p' THEN 'CONCURRENTLY ' END, m.index_name,
          CASE WHEN m.relkind = 'p' THEN 'ONLY ' END, m.nspname, m.relname, m.definition) AS build,
        u.relname IS NOT NULL AS built,
        format('ALTER INDEX %%s ATTACH PARTITION %%I.%%I', m.parent_name, m.nspname,
          COALESCE(u.relname, m.index_name)) AS attach
      FROM missing m LEFT JOIN LATERAL (
        SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = m.relation AND NOT x.relispartition AND i.indisunique = m.is_unique
          AND (i.indisvalid AND i.indisready OR x.relkind = 'I') AND %3$s = m.definition
        ORDER BY x.relname = m.index_name DESC, x.relname LIMIT 1) u ON true
      ORDER BY partition
      """
          .formatted(
              PartitionTree.indexName("l.relname", "new.name"),
              DEFINITION.formatted("p", "pi", "pn", "t"),
              DEFINITION.formatted("x", "i", "m", "m"));

  private final Connection session;
  private final SessionSettings settings;
  private final String table;
  private final String index;

  private PartitionIndexes(
      Connection session, SessionSettings settings, String table, String index) {
    this.session = session;
    this.settings = settings;
    this.table = table;
    this.index = index;
  }

  /** Whether a new index of a partitioned table is missing: its creation makes writers wait. */
  static boolean isToBegin(Connection session, Migration migration) throws SQLException {
    try (PreparedStatement select = session.prepareStatement(TO_BEGIN)) {
      select.setArray(1, session.createArrayOf("text", migration.newIndexes().toArray()));
      select.setString(2, migration.table());
      try (ResultSet row = select.executeQuery()) {
        return row.next() && row.getBoolean("to_begin");
      }
    }
  }

  /**
   * Builds and attaches what is missing; does nothing for a table that is not partitioned.
   *
   * @param ran takes a line for each index of which some partitions got theirs
   * @return a long transaction that is in the way of an attachment; empty if all are complete
   */
  static Optional<Obstacle> build(
      Connection session, Migration migration, LongTransactions longTransactions, List<String> ran)
      throws SQLException {
    try (SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
      for (String index : migration.newIndexes()) {
        Optional<Obstacle> obstacle =
            new PartitionIndexes(session, settings, migration.table(), index)
                .complete(longTransactions, ran);
        if (obstacle.isPresent()) {
          return obstacle;
        }
      }
      return Optional.empty();
    }
  }

  private Optional<Obstacle> complete(LongTransactions longTransactions, List<String> ran)
      throws SQLException {
    int attached = 0;
    try {
      for (List<Part> missing = missing(); !missing.isEmpty(); missing = missing()) {
        if (build(missing)) {
          continue;
        }
        // whatever waits for an attachment waits for the transactions that have used the index
        Optional<Obstacle> obstacle = longTransactions.find(session);
        if (obstacle.isPresent()) {
          return obstacle;
        }
        attached += attach(missing);
      }
      return Optional.empty();
    } finally {
      if (attached > 0) {
        ran.add("%s on %d partitions".formatted(index, attached));
      }
    }
  }

  /** Builds what can be attached next; false if all of it is there. */
  private boolean build(List<Part> missing) throws SQLException {
    List<Part> unbuilt = missing.stream().filter(part -> !part.built()).toList();
    for (Part part : unbuilt) {
      LOG.debugf("%s", part.build());
      run(part, part.build(), part.hasPartitions());
    }
    return !unbuilt.isEmpty();
  }

  private int attach(List<Part> built) throws SQLException {
    int attached = 0;
    for (Part part : built) {
      attached += run(part, part.attach(), true) ? 1 : 0;
    }
    return attached;
  }

  /**
   * Runs one statement.
   *
   * @param bounded whether clients may queue behind it
   * @return false if it failed, and there is nothing more to do: the partition was detached, or has
   *     got its index otherwise
   */
  private boolean run(Part part, String sql, boolean bounded) throws SQLException {
    settings.boundLocks(bounded);
    try (Statement statement = session.createStatement()) {
      statement.execute(sql);
      return true;
    } catch (SQLException e) {
      if (SchemaErrors.isRetryable(e)
          || missing().stream().anyMatch(left -> left.partition().equals(part.partition()))) {
        throw e;
      }
      return false;
    }
  }

  private List<Part> missing() throws SQLException {
    try (PreparedStatement select = session.prepareStatement(MISSING)) {
      select.setString(1, table);
      select.setString(2, index);
      select.setString(3, index);
      List<Part> found = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(
              new Part(
                  rows.getString("partition"),
                  rows.getBoolean("has_partitions"),
                  rows.getString("build"),
                  rows.getBoolean("built"),
                  rows.getString("attach")));
        }
      }
      return found;
    }
  }

  /**
   * A partition whose part of the index is not attached.
   *
   * @param partition its name, as SQL reads it
   * @param build the statement that makes its index
   * @param built whether there is one
   * @param attach the statement that attaches it
   */
  private record Part(
      String partition, boolean hasPartitions, String build, boolean built, String attach) {}
}
