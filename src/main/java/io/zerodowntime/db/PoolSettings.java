package io.zerodowntime.db;

import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * The bounds of every pool in one place: how many connections, how many statements wait for one,
 * how long a statement lasts, how long it waits for a lock. What requests wait for derives from
 * their deadline. Writes that may wait for a row are at most three quarters of the requests that
 * are admitted at once, so clients that give up and try again leave room for others.
 */
@Singleton
class PoolSettings {
  /** How long a TCP connection may take to be made, and a statement may wait for a connection. */
  private static final Duration WAIT = Duration.ofSeconds(1);

  /** How long connecting, TLS and login may take together. */
  static final Duration LOGIN = Duration.ofSeconds(2);

  /** How long sent bytes may stay without an acknowledgement, on either side. */
  private static final Duration UNACKNOWLEDGED = Duration.ofSeconds(5);

  /** From the end of a request's deadline to the end of its statement on the server. */
  private static final Duration BEHIND_DEADLINE = Duration.ofMillis(500);

  /** From the end of a statement on the server to the end of its connection here. */
  private static final Duration BEHIND_STATEMENT = Duration.ofSeconds(1);

  /** The longest wait for a lock; two attempts fit into a deadline. */
  private static final Duration LOCK = Duration.ofSeconds(1);

  /**
   * How long a statement waits on a connection that has not answered since the database is back:
   * longer than for a lock.
   */
  private static final Duration AFTER_RETURN = Duration.ofMillis(1200);

  /**
   * The same of the engine's statements, some of which take seconds. One that is ended is begun
   * anew; gates, the status and the heartbeat share these connections, and wait meanwhile.
   */
  private static final Duration ENGINE_AFTER_RETURN = Duration.ofSeconds(10);

  /** How long a replica has for a read at most: two attempts leave half the deadline. */
  private static final Duration REPLICA_ATTEMPT = Duration.ofMillis(1250);

  private static final Duration CONTROL_STATEMENT = Duration.ofSeconds(5);
  private static final Duration ENGINE_STATEMENT = Duration.ofSeconds(60);

  /** Reads in flight on one connection; as many requests as are admitted may wait behind them. */
  private static final int PIPELINE = 32;

  /** A write and the look at its position behind it; a look at a replica and the read behind it. */
  private static final int PAIR = 2;

  private static final int WAITING = 1024;

  /** The client prepares longer statements anew each time; its own limit is 2,048 characters. */
  private static final int PREPARED_ONCE = 16_384;

  /**
   * Statements that a connection of the engine keeps prepared. Batches name a partition, so each
   * partition makes statements of its own, which no worker sends again when the partition is done.
   * With the client's 256 a session held 23 MiB of the server's memory after 300 partitions, with
   * 32 it held 9 MiB (docs/performance.md). A connection serves a worker of each run and other
   * statements of the engine, about 20 in turn.
   */
  private static final int ENGINE_PREPARED = 32;

  private final Map<String, Bounds> bounds;
  private final Map<String, Integer> connections;
  private final Duration deadline;
  private final Duration replicaAttempt;

  PoolSettings(
      @ConfigProperty(name = "request.deadline", defaultValue = "5s") Duration deadline,
      @ConfigProperty(name = "http.bulkhead.limit") int admitted,
      @ConfigProperty(name = "database.pools") Map<String, Integer> connections) {
    this.deadline = deadline;
    Duration request = deadline.plus(BEHIND_DEADLINE);
    Duration half = deadline.dividedBy(2);
    Duration lock = shorter(half, LOCK);
    replicaAttempt = shorter(half.dividedBy(2), REPLICA_ATTEMPT);
    bounds =
        Map.of(
            DatabasePools.ORDERS, new Bounds(WAITING, request, lock),
            DatabasePools.ROWS,
                new Bounds(
                    waitingForRows(admitted, configured(connections, DatabasePools.ROWS)),
                    request,
                    lock),
            DatabasePools.READS, new Bounds(WAITING, request, request),
            DatabasePools.CONTROL, new Bounds(WAITING, CONTROL_STATEMENT, CONTROL_STATEMENT),
            DatabasePools.ENGINE, new Bounds(WAITING, ENGINE_STATEMENT, LOCK),
            DatabasePools.REPLICA, replica(WAITING),
            DatabasePools.REPLICA_LOOK, replica(1));
    this.connections = connections;
  }

  /** The server ends what takes long before its caller goes elsewhere for want of an answer. */
  private Bounds replica(int waiting) {
    Duration statement = replicaAttempt.multipliedBy(4).dividedBy(5);
    return new Bounds(waiting, statement, statement);
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** How long a request may take. */
  Duration deadline() {
    return deadline;
  }

  /** How long a read may take on a replica before it goes elsewhere. */
  Duration replicaAttempt() {
    return replicaAttempt;
  }

  /** How many statements are in flight on one connection of a pool. */
  static int pipeline(String pool) {
    return switch (pool) {
      case DatabasePools.READS -> PIPELINE;
      case DatabasePools.ORDERS, DatabasePools.ROWS, DatabasePools.REPLICA -> PAIR;
      default -> 1;
    };
  }

  private static int waitingForRows(int admitted, int connections) {
    return Math.max(connections, admitted * 3 / 4 - connections);
  }

  private static <T> T configured(Map<String, T> values, String pool) {
    return Objects.requireNonNull(values.get(pool), () -> "database.pools lacks " + pool);
  }

  Bounds of(String pool) {
    return configured(bounds, pool);
  }

  /** The number of connections and what may wait for one, as options of the client's pool. */
  PoolOptions options(String pool, PoolOptions shared, boolean pipelined) {
    return new PoolOptions(shared)
        .setName(pool)
        .setMaxSize(pool.equals(DatabasePools.REPLICA_LOOK) ? 1 : configured(connections, pool))
        .setMaxWaitQueueSize(of(pool).waiting())
        // a timer for each statement otherwise: reads are bounded by their number
        .setConnectionTimeout(pipelined ? 0 : (int) WAIT.toMillis())
        .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS);
  }

  /**
   * The bounds of one pool.
   *
   * @param waiting how many statements may wait for a connection; more are refused at once
   * @param statement how long the server works on a statement
   * @param lock how long a statement waits for a lock; a transaction may set less for itself
   */
  record Bounds(int waiting, Duration statement, Duration lock) {

    /** How long a statement waits for its answer before its connection is closed. */
    ResponseLimit.Limits response() {
      Duration answer = statement.plus(BEHIND_STATEMENT);
      return new ResponseLimit.Limits(
          answer, statement.equals(ENGINE_STATEMENT) ? ENGINE_AFTER_RETURN : AFTER_RETURN);
    }

    PgConnectOptions connection(String name, PgConnectOptions shared, int pipeline) {
      PgConnectOptions options = new PgConnectOptions(shared);
      options
          .setPipeliningLimit(pipeline)
          .setPreparedStatementCacheSqlLimit(PREPARED_ONCE)
          .setPreparedStatementCacheMaxSize(
              name.equals(DatabasePools.ENGINE)
                  ? ENGINE_PREPARED
                  : shared.getPreparedStatementCacheMaxSize())
          .addProperty("statement_timeout", millis(statement))
          .addProperty("lock_timeout", millis(lock))
          .addProperty("tcp_user_timeout", millis(UNACKNOWLEDGED))
          .setMetricsName("postgresql|" + name)
          .setConnectTimeout((int) WAIT.toMillis())
          .setTcpKeepAlive(true)
          .setTcpUserTimeout((int) UNACKNOWLEDGED.toMillis())
          .setSslHandshakeTimeout(LOGIN.toMillis())
          .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
          .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
          .setReadIdleTimeout((int) LOGIN.toMillis());
      return options;
    }

    private static String millis(Duration duration) {
      return Long.toString(duration.toMillis());
    }
  }
}
