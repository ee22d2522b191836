package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.PartitionTree;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks for transactions that a DDL would queue behind, on the table and its partitions: one that
 * waits for a strong lock makes all others wait behind it. Every role may read {@code pg_locks};
 * when another role's transaction began is hidden from a role without {@code pg_monitor}. Such a
 * transaction is waited for if the first look finds it, as it may be of any age; later ones are as
 * old as they are known. One object serves one stage.
 */
final class LongTransactions {
  /*
   * An autovacuum (it has no user) is not an obstacle: it gives way to whoever waits for
   * deadlock_timeout. One that prevents a wraparound never does, and where deadlock_timeout is
   * longer than what SessionSettings lets a DDL wait, none does.
   */
  private static final String ON_TABLE =
      "WITH RECURSIVE "
          + PartitionTree.of("to_regclass(?)")
          + """

      SELECT l.virtualtransaction AS id, 'pid ' || a.pid AS who, a.application_name AS application,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age, a.query_start AS start
      FROM (SELECT DISTINCT virtualtransaction, pid FROM pg_locks
          WHERE locktype = 'relation' AND granted AND relation IN (SELECT relation FROM tree)
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) l
        JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE a.pid <> pg_backend_pid()
        AND (a.usesysid IS NOT NULL OR a.query LIKE 'autovacuum:%wraparound)'
          OR current_setting('deadlock_timeout')::interval > interval '2.75 s')
      UNION ALL
      SELECT p.gid, 'prepared as ' || p.gid, p.owner,
        extract(epoch FROM clock_timestamp() - p.prepared)::float8, p.prepared
      FROM pg_prepared_xacts p
      WHERE p.database = current_database()
        AND EXISTS (SELECT FROM pg_locks own JOIN pg_locks l USING (virtualtransaction)
          WHERE own.transactionid = p.transaction AND own.pid IS NULL AND l.pid IS NULL
            AND l.relation IN (SELECT relation FROM tree))
      """;

  private final String table;
  private final double longSeconds;
  private final Map<String, Long> firstSeen = new HashMap<>();
  private final Set<String> ofAnyAge = new HashSet<>();
  private boolean looked;

  /**
   * @param table the table that the DDL locks
   * @param age a transaction younger than this is not an obstacle: lock_timeout covers it
   */
  LongTransactions(String table, Duration age) {
    this.table = table;
    this.longSeconds = age.toMillis() / 1_000.0;
  }

  /** The oldest transaction in the way. */
  Optional<Obstacle> find(Connection session) throws SQLException {
    List<Holder> holders = holders(session);
    looked = true;
    return holders.stream()
        .filter(Holder::inTheWay)
        .max(Comparator.comparingDouble(Holder::age))
        .map(this::obstacle);
  }

  private List<Holder> holders(Connection session) throws SQLException {
    try (PreparedStatement select = session.prepareStatement(ON_TABLE)) {
      select.setString(1, table);
      List<Holder> found = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(holder(rows));
        }
      }
      return found;
    }
  }

  private Holder holder(ResultSet row) throws SQLException {
    String id = row.getString("id");
    double age = row.getDouble("age");
    if (row.wasNull()) {
      long now = System.nanoTime();
      firstSeen.putIfAbsent(id, now);
      age = (now - firstSeen.get(id)) / 1e9;
      if (!looked) {
        ofAnyAge.add(id);
      }
    }
    return new Holder(
        row.getString("who"),
        row.getString("application"),
        age,
        Optional.ofNullable(row.getString("start")),
        ofAnyAge.contains(id) || age > longSeconds);
  }

  private Obstacle obstacle(Holder holder) {
    return new Obstacle(
        holder.who(),
        ("a transaction in the way of %s has been open for at least %d s: %s, application \"%s\"%s;"
                + " wait for it or end it")
            .formatted(
                table,
                (long) holder.age(),
                holder.who(),
                holder.application(),
                holder.start().map(start -> ", query started " + start).orElse("")));
  }

  /**
   * A session, or a prepared transaction, that holds a lock on the table.
   *
   * @param age of its transaction, in seconds; where that is hidden, since it was first seen
   * @param start of its last statement, or of its preparation; empty if hidden
   */
  private record Holder(
      String who, String application, double age, Optional<String> start, boolean inTheWay) {}
}
