package io.zerodowntime.db;

import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a replica says of itself at one moment.
 *
 * @param standby whether it is in recovery: a server that was promoted still has the position of
 *     its last replay, and one that was never a standby has none
 * @param session the server's process that was asked
 * @param timeline the one that it receives; where it receives nothing, the newest that it knows
 * @param receiving whether it says which one it receives
 * @param unreadable whether it hides what it receives from this user
 * @param replayed null where there was no recovery
 */
record ReplicaLook(
    boolean standby,
    int session,
    long system,
    int timeline,
    boolean receiving,
    boolean unreadable,
    @Nullable Long replayed) {
  /*
   * A timeline is received before it is replayed, and a server whose history lacks a position never
   * follows to that timeline: with this timeline, the position replayed is one of this timeline or
   * of the history that both share.
   */
  static final String LOOK =
      """
      SELECT pg_is_in_recovery() AS standby, pg_backend_pid() AS session, c.system_identifier,
        COALESCE(w.received_tli, (
          SELECT GREATEST(k.timeline_id, r.min_recovery_end_timeline)
          FROM pg_control_checkpoint() AS k, pg_control_recovery() AS r)) AS timeline,
        w.received_tli IS NOT NULL AS receiving,
        w.pid IS NOT NULL AND w.received_tli IS NULL AS unreadable,
        (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint AS replayed
      FROM pg_control_system() AS c LEFT JOIN pg_stat_wal_receiver AS w ON true
      """;

  /*
   * For a session that was looked at before, while it receives: a server never changes its system
   * identifier, and to read it is to read a file, which is most of what the other look costs.
   */
  static final String LOOK_AGAIN =
      """
      SELECT pg_is_in_recovery() AS standby, pg_backend_pid() AS session,
        w.received_tli AS timeline, (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint AS replayed
      FROM pg_stat_get_wal_receiver() AS w
      """;

  static ReplicaLook of(RowSet<Row> rows) {
    Row row = rows.iterator().next();
    return new ReplicaLook(
        row.getBoolean("standby"),
        row.getInteger("session"),
        row.getLong("system_identifier"),
        row.getInteger("timeline"),
        row.getBoolean("receiving"),
        row.getBoolean("unreadable"),
        row.getLong("replayed"));
  }

  /**
   * This look and what {@link #LOOK_AGAIN} has found since; null if that was of another session, as
   * behind a pooler, or says no timeline.
   */
  @Nullable ReplicaLook again(RowSet<Row> rows) {
    Row row = rows.iterator().next();
    Integer received = row.getInteger("timeline");
    return received == null || row.getInteger("session") != session
        ? null
        : new ReplicaLook(
            row.getBoolean("standby"),
            session,
            system,
            received,
            true,
            false,
            row.getLong("replayed"));
  }

  /** Whether a snapshot that is taken after this look contains the write. */
  boolean covers(WritePosition write) {
    return standby
        && replayed != null
        && !unreadable
        && write.isOnLineOf(new WritePosition(system, timeline, replayed))
        && replayed >= write.lsn();
  }

  /** Whether it is the primary, under a second name, as after a failover. */
  boolean isOf(WritePosition primary) {
    return !standby && system == primary.system() && timeline == primary.timeline();
  }

  /** Why it cannot be a replica of this primary; empty if it can. */
  Optional<String> problem(WritePosition primary) {
    if (!standby || replayed == null) {
      return Optional.of("it is not a standby");
    }
    if (system != primary.system()) {
      return Optional.of("it belongs to another cluster than the primary");
    }
    if (unreadable) {
      return Optional.of("its timeline cannot be read: GRANT pg_monitor to its user");
    }
    return timeline == primary.timeline()
        ? Optional.empty()
        : Optional.of("it is on timeline " + timeline + ", the primary on " + primary.timeline());
  }
}
