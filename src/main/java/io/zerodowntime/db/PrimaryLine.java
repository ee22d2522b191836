package io.zerodowntime.db;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.impl.SqlConnectionBase;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this process from a primary that was replaced. Each promotion begins a new timeline, so of
 * two servers that both take writes the one of the earlier timeline is the old one. A new
 * connection to it is refused, and those that are there are closed as soon as a connection to the
 * later one was made: a server that was frozen over a failover would else take writes on them when
 * it goes on.
 *
 * <p>It knows what this process has seen. A process that reaches the old primary alone knows of no
 * other one.
 */
@Singleton
public final class PrimaryLine {
  /** Also of a standby, where the position that tells the timeline cannot be read. */
  private static final String LOOK =
      """
      SELECT current_setting('transaction_read_only') = 'on' AS read_only,
        pg_is_in_recovery() AS standby, (SELECT system_identifier FROM pg_control_system()) AS system,
        CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || left(
          pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline
      """;

  private static final Logger LOG = Logger.getLogger(PrimaryLine.class);

  private final Map<SocketConnectionBase, Integer> connections = new HashMap<>();
  private @Nullable Line latest;

  private record Line(long system, int timeline) {}

  /** What a server says of itself. */
  private record Look(boolean readOnly, boolean standby, Line line) {
    static Look of(Row row) {
      return new Look(
          row.getBoolean("read_only"),
          row.getBoolean("standby"),
          new Line(row.getLong("system"), row.getInteger("timeline")));
    }
  }

  /**
   * Looks at the server of a new connection.
   *
   * @param place how messages call the server
   * @return fails if it is not the primary, or an old one; the connection is to be closed then
   */
  Future<Void> check(SqlConnection connection, String place, TargetSession target) {
    return connection
        .query(LOOK)
        .execute()
        .map(
            rows -> {
              Look look = Look.of(rows.iterator().next());
              require(look, place, target);
              if (!look.standby()) {
                keep(socket(connection), look.line());
              }
              return null;
            });
  }

  /**
   * Looks at the server of a session of the JDBC driver.
   *
   * @throws SQLException if it is an old primary
   */
  public void check(Connection session) throws SQLException {
    if (hasSeenNone()) {
      return;
    }
    try (Statement statement = session.createStatement();
        ResultSet row = statement.executeQuery(LOOK)) {
      row.next();
      Line line = new Line(row.getLong("system"), row.getInt("timeline"));
      Look look = new Look(row.getBoolean("read_only"), row.getBoolean("standby"), line);
      require(look, "the server of schema changes", TargetSession.PRIMARY);
    } catch (IllegalStateException e) {
      throw new SQLException(e.getMessage(), "57P03", e);
    }
  }

  private synchronized boolean hasSeenNone() {
    return latest == null;
  }

  private void require(Look look, String place, TargetSession target) {
    if (look.standby() && target != TargetSession.ANY) {
      throw new IllegalStateException(place + " is a standby");
    }
    if (look.readOnly() && target == TargetSession.READ_WRITE) {
      throw new IllegalStateException(place + " takes no writes");
    }
    if (!look.standby()) {
      requireLatest(look.line(), place);
    }
  }

  private synchronized void requireLatest(Line line, String place) {
    Line known = latest;
    if (known != null && known.system() != line.system()) {
      throw new IllegalStateException(place + " is a server of another cluster");
    }
    if (known != null && line.timeline() < known.timeline()) {
      throw new IllegalStateException(
          "%s is an old primary: it is on timeline %d, and another server on timeline %d"
              .formatted(place, line.timeline(), known.timeline()));
    }
  }

  private void keep(SocketConnectionBase connection, Line line) {
    synchronized (this) {
      Line known = latest;
      connections.put(connection, line.timeline());
      if (known == null || line.timeline() > known.timeline()) {
        latest = line;
        closeOlder(line.timeline());
      }
    }
    connection
        .socket()
        .channelHandlerContext()
        .channel()
        .closeFuture()
        .addListener(ended -> forget(connection));
  }

  private synchronized void forget(SocketConnectionBase connection) {
    connections.remove(connection);
  }

  private void closeOlder(int timeline) {
    long closed =
        connections.entrySet().stream()
            .filter(each -> each.getValue() < timeline)
            .peek(each -> close(each.getKey()))
            .count();
    if (closed > 0) {
      LOG.warnf(
          "a server was promoted, its timeline is %d: closed %d connections to the old primary",
          timeline, closed);
    }
  }

  // past the codec, which would say goodbye first and then wait for the server to close
  @SuppressWarnings("FutureReturnValueIgnored") // the pool is told by the end of the channel
  private static void close(SocketConnectionBase connection) {
    var channel = connection.socket().channelHandlerContext().channel();
    channel.eventLoop().execute(() -> channel.pipeline().firstContext().close());
  }

  private static SocketConnectionBase socket(SqlConnection connection) {
    return (SocketConnectionBase) ((SqlConnectionBase<?>) connection).unwrap();
  }
}
