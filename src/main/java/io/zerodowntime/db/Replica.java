package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.Connection;
import io.vertx.sqlclient.impl.SqlConnectionInternal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** One replica: its connections, and what the last look at it has found. */
public final class Replica {
  private static final Logger LOG = Logger.getLogger(Replica.class);

  private final String name;
  private final Pool reads;
  private final Pool looks;
  private volatile State state = State.none("it was not looked at yet");
  private final AtomicBoolean looking = new AtomicBoolean();

  /** The last look of each connection that reads; it goes with its connection. */
  private final Map<Connection, ReplicaLook> sessions =
      Collections.synchronizedMap(new WeakHashMap<>());

  private volatile @Nullable Boolean inRotation;

  Replica(String name, Pool reads, Pool looks) {
    this.name = name;
    this.reads = reads;
    this.looks = looks;
  }

  /**
   * What was found.
   *
   * @param shows everything that was committed until then; null if that is not known
   */
  private record State(
      @Nullable ReplicaLook look, @Nullable Instant shows, Optional<String> problem) {

    static State none(String problem) {
      return new State(null, null, Optional.of(problem));
    }
  }

  /** Host and port. */
  public String name() {
    return name;
  }

  /**
   * Sends a query. If its rows must show writes, a look goes before it on the same connection, so
   * that the query's snapshot is the later one. In one statement the snapshot would be the earlier
   * one. Where an earlier look of that session has found them all there is none: a server's
   * position does not go back while a session lasts.
   *
   * @param asked the writes; empty where any rows will do
   */
  public Uni<ReplicaRows> query(List<WritePosition> asked, String sql, Tuple parameters) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                reads
                    .getConnection()
                    .compose(
                        connection ->
                            send(connection, asked, sql, parameters)
                                .eventually(() -> connection.close()))
                    .onComplete(emitter::complete, emitter::fail));
  }

  private Future<ReplicaRows> send(
      SqlConnection connection, List<WritePosition> asked, String sql, Tuple parameters) {
    Future<@Nullable ReplicaLook> looked =
        asked.isEmpty() ? Future.succeededFuture() : look(connection, asked);
    Future<io.vertx.sqlclient.RowSet<Row>> rows =
        connection.preparedQuery(sql).execute(parameters.getDelegate());
    return Future.join(looked, rows)
        .map(
            both ->
                new ReplicaRows(
                    looked.result(),
                    RowSet.newInstance(rows.result(), io.vertx.mutiny.sqlclient.Row.__TYPE_ARG)));
  }

  private Future<@Nullable ReplicaLook> look(SqlConnection connection, List<WritePosition> asked) {
    Connection session = ((SqlConnectionInternal) connection).unwrap();
    @Nullable ReplicaLook before = sessions.get(session);
    // behind a pooler the two differ, and the next statement may be another session's
    if (before != null
        && before.session() == ((PgConnection) connection).processId()
        && asked.stream().allMatch(before::covers)) {
      return Future.succeededFuture(before);
    }
    sessions.remove(session);
    return connection
        .preparedQuery(before == null ? ReplicaLook.LOOK : ReplicaLook.LOOK_AGAIN)
        .execute()
        .map(rows -> before == null ? ReplicaLook.of(rows) : before.again(rows))
        .onSuccess(look -> remember(session, look));
  }

  private void remember(Connection session, @Nullable ReplicaLook look) {
    if (look != null && look.receiving()) {
      sessions.put(session, look);
    }
  }

  /**
   * Looks at it, unless an earlier look has not ended.
   *
   * @param heartbeats rows whose age tells its lag too
   */
  Uni<Void> look(PrimaryClock primary, List<ReplicatedHeartbeat> heartbeats) {
    return looking.compareAndSet(false, true)
        ? one(primary, heartbeats).eventually(() -> looking.set(false))
        : Uni.createFrom().voidItem();
  }

  private Uni<Void> one(PrimaryClock primary, List<ReplicatedHeartbeat> heartbeats) {
    return Uni.createFrom()
        .<State>emitter(
            emitter ->
                looks
                    .getConnection()
                    .compose(
                        connection ->
                            look(connection, primary, heartbeats)
                                .eventually(() -> connection.close()))
                    .onComplete(emitter::complete, emitter::fail))
        .onFailure()
        .recoverWithItem(failure -> State.none("it does not answer: " + failure.getMessage()))
        .invoke(found -> state = found)
        .replaceWithVoid();
  }

  private static Future<State> look(
      SqlConnection connection, PrimaryClock primary, List<ReplicatedHeartbeat> heartbeats) {
    return connection
        .preparedQuery(ReplicaLook.LOOK)
        .execute()
        .map(ReplicaLook::of)
        .compose(
            look ->
                newest(connection, heartbeats)
                    .map(heartbeat -> state(look, primary, heartbeat.orElse(null))));
  }

  private static State state(ReplicaLook look, PrimaryClock primary, @Nullable Instant heartbeat) {
    Optional<String> problem =
        primary
            .position()
            .map(look::problem)
            .orElse(Optional.of("the primary was not looked at yet"));
    Instant contained = primary.contained(look).orElse(heartbeat);
    boolean later = heartbeat != null && contained != null && heartbeat.isAfter(contained);
    return new State(look, later ? heartbeat : contained, problem);
  }

  /** Without a schema there are none: that is no failure of the replica. */
  private static Future<Optional<Instant>> newest(
      SqlConnection connection, List<ReplicatedHeartbeat> heartbeats) {
    return heartbeats.isEmpty()
        ? Future.succeededFuture(Optional.empty())
        : connection
            .preparedQuery(heartbeats.get(0).newest())
            .execute()
            .map(
                rows ->
                    Optional.ofNullable(rows.iterator().next().getOffsetDateTime(0))
                        .map(OffsetDateTime::toInstant))
            .recover(
                failure ->
                    FailureKind.isRefused(failure)
                        ? Future.succeededFuture(Optional.empty())
                        : Future.failedFuture(failure));
  }

  /** Takes it out of rotation until the next look at it succeeds. */
  void suspect(Throwable failure) {
    state = State.none("a read failed: " + failure.getMessage());
  }

  /** Whether the last look at it has found that it shows the write. */
  boolean showed(WritePosition write) {
    @Nullable ReplicaLook look = state.look();
    return look != null && look.covers(write);
  }

  /** Whether the last look has found the primary there, as after a failover to it. */
  boolean isPrimary(PrimaryClock primary) {
    @Nullable ReplicaLook look = state.look();
    return look != null && primary.position().filter(look::isOf).isPresent();
  }

  /** Whether the write is one of the log that it replays, as far as is known. */
  boolean isOnLineOf(WritePosition write) {
    @Nullable ReplicaLook look = state.look();
    return look != null && write.isOnLineOf(new WritePosition(look.system(), look.timeline(), 0));
  }

  /** How far it is now: what it showed at the last look grows old. */
  ReplicaReading reading(PrimaryClock primary) {
    State found = state;
    @Nullable ReplicaLook look = found.look();
    Instant shows = found.shows();
    return new ReplicaReading(
        name,
        found.problem(),
        shows == null
            ? Optional.empty()
            : primary.now().map(now -> positive(Duration.between(shows, now))),
        look == null || found.problem().isPresent()
            ? Optional.empty()
            : Optional.ofNullable(look.replayed()));
  }

  private static Duration positive(Duration lag) {
    return lag.isNegative() ? Duration.ZERO : lag;
  }

  /** Says on the log when it comes into rotation or leaves it. */
  void report(ReplicaReading reading, boolean in) {
    Boolean before = inRotation;
    inRotation = in;
    if (in && !Boolean.TRUE.equals(before)) {
      LOG.infof("replica %s is in rotation", name);
    } else if (!in && !Boolean.FALSE.equals(before)) {
      LOG.warnf("replica %s is out of rotation: %s", name, reading.reason());
    }
  }
}
