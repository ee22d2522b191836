package io.zerodowntime.platform;

import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * The bounds of every pool in one place: how many connections, how long a statement lasts, how long
 * it waits for a lock. What requests wait for derives from their deadline.
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

  private static final Duration CONTROL_STATEMENT = Duration.ofSeconds(5);
  private static final Duration ENGINE_STATEMENT = Duration.ofSeconds(60);

  /** Reads in flight on one connection; as many requests as are admitted may wait behind them. */
  private static final int PIPELINE = 32;

  private static final int WAITING_READS = 1024;

  private final Map<String, Bounds> bounds;

  PoolSettings(
      @ConfigProperty(name = "request.deadline", defaultValue = "5s") Duration deadline,
      @ConfigProperty(name = "database.pools.orders") int orders,
      @ConfigProperty(name = "database.pools.rows") int rows,
      @ConfigProperty(name = "database.pools.reads") int reads,
      @ConfigProperty(name = "database.pools.control") int control,
      @ConfigProperty(name = "database.pools.engine") int engine) {
    Duration request = deadline.plus(BEHIND_DEADLINE);
    Duration half = deadline.dividedBy(2);
    Duration lock = half.compareTo(LOCK) < 0 ? half : LOCK;
    bounds =
        Map.of(
            DatabasePools.ORDERS, new Bounds(DatabasePools.ORDERS, orders, request, lock),
            DatabasePools.ROWS, new Bounds(DatabasePools.ROWS, rows, request, lock),
            DatabasePools.READS, new Bounds(DatabasePools.READS, reads, request, request),
            DatabasePools.CONTROL,
                new Bounds(DatabasePools.CONTROL, control, CONTROL_STATEMENT, CONTROL_STATEMENT),
            DatabasePools.ENGINE,
                new Bounds(DatabasePools.ENGINE, engine, ENGINE_STATEMENT, ENGINE_STATEMENT));
  }

  Bounds of(String pool) {
    return bounds.get(pool);
  }

  /**
   * The bounds of one pool.
   *
   * @param name also the value of the label {@code pool_name} of its metrics
   * @param connections at most
   * @param statement how long the server works on a statement
   * @param lock how long a statement waits for a lock; a transaction may set less for itself
   */
  record Bounds(String name, int connections, Duration statement, Duration lock) {

    /** How long a statement waits for its answer before its connection is closed. */
    Duration response() {
      return statement.plus(BEHIND_STATEMENT);
    }

    PoolOptions pool(PoolOptions shared, boolean pipelined) {
      PoolOptions options = new PoolOptions(shared).setName(name).setMaxSize(connections);
      // a timer for each statement otherwise: reads are bounded by their number
      return pipelined
          ? options.setConnectionTimeout(0).setMaxWaitQueueSize(WAITING_READS)
          : options
              .setConnectionTimeout((int) WAIT.toMillis())
              .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS);
    }

    PgConnectOptions connection(PgConnectOptions shared, boolean pipelined) {
      PgConnectOptions options = new PgConnectOptions(shared);
      options
          .setPipeliningLimit(pipelined ? PIPELINE : 1)
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
