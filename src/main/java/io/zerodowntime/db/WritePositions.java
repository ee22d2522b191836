package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads where the log ends after a write. It is a statement of its own, sent behind the one that
 * writes on the same connection: the server reads it after that one's commit record. Inside the
 * statement that writes there is no such record yet, and its position would be too early.
 */
public final class WritePositions {
  /*
   * What is flushed can be replayed, and a commit is flushed before it is answered, unless it is
   * asynchronous. What other sessions have inserted and not flushed would only keep readers waiting.
   */
  public static final String POSITION =
      """
      SELECT c.system_identifier,
        ('x' || left(pg_walfile_name(p.lsn), 8))::bit(32)::int AS timeline,
        (p.lsn - '0/0'::pg_lsn)::bigint AS lsn
      FROM pg_control_system() AS c, (
        SELECT CASE WHEN current_setting('synchronous_commit') = 'off'
          THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END AS lsn) AS p
      """;

  private WritePositions() {}

  /** The position in a row of {@link #POSITION}. */
  public static WritePosition position(Row row) {
    return new WritePosition(
        row.getLong("system_identifier"), row.getInteger("timeline"), row.getLong("lsn"));
  }

  /** Whether one of these requests keeps the positions of its writes. */
  static boolean wanted(List<RequestDeadline> requests) {
    for (RequestDeadline request : requests) {
      if (request.position() != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * Sends the statement behind one that was just sent; one position serves all requests of that.
   *
   * @param written ends with it; waits for the position, and never fails because of it
   */
  static <T> Future<T> behind(
      SqlConnection connection, Future<T> written, List<RequestDeadline> requests) {
    Future<WritePosition> position =
        connection.preparedQuery(POSITION).execute().map(rows -> position(rows.iterator().next()));
    // both are over before the connection goes back to its pool
    return position.transform(
        read ->
            written.onSuccess(
                done ->
                    record(requests, read.succeeded() ? read.result() : WritePosition.UNKNOWN)));
  }

  private static void record(List<RequestDeadline> requests, WritePosition position) {
    requests.stream()
        .map(RequestDeadline::position)
        .filter(Objects::nonNull)
        .forEach(kept -> kept.record(position));
  }

  /** Records the position at which a server shows all that the current request was told so far. */
  static Uni<Void> record(Pool pool) {
    @Nullable RequestPosition kept = RequestPosition.current();
    if (kept == null) {
      return Uni.createFrom().voidItem();
    }
    return pool.preparedQuery(POSITION)
        .execute()
        .map(rows -> position(rows.iterator().next().getDelegate()))
        .onFailure()
        .recoverWithItem(WritePosition.UNKNOWN)
        .invoke(kept::record)
        .replaceWithVoid();
  }
}
