package io.zerodowntime.db;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.impl.CloseFuture;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.PoolImpl;
import io.vertx.sqlclient.impl.SqlConnectionBase;
import io.vertx.sqlclient.impl.command.CommandBase;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/**
 * A pool in which a statement that waits too long for a connection is never sent. The client's own
 * pool leaves it in the queue, so it is sent after its caller was told that it was not; it also
 * fails a statement a second time, with a stack trace on the log, if its connection could not be
 * made (Vert.x 4.5, {@code SqlConnectionPool.execute}). Both are right in the way by which a caller
 * takes a connection, so every statement goes that way.
 *
 * <p>The wait is bounded here and not by the client. Its pool fails a waiter that it has promised a
 * connection already, and nothing gives that connection back (Vert.x 4.5, {@code
 * SimpleConnectionPool.Cancel} behind {@code Recycle}): under load a pool lost all of them so.
 *
 * <p>What waits is counted here as well: the client's {@code sql_pool_queue_size} keeps for good
 * what was refused because the queue was full, or got no connection.
 */
final class BoundedPool extends PoolImpl {
  private static final Logger LOG = Logger.getLogger(BoundedPool.class);

  private final String name;
  private final boolean pipelined;
  private final long waitMillis;
  private final int inFlight;

  /** Statements that wait for a connection; of a pipelined pool, those in flight as well. */
  private final LongAdder pending = new LongAdder();

  /**
   * @param options their connection timeout is how long a statement waits for a connection; 0 for
   *     no bound
   * @param pipeline how many statements may be in flight on a connection, of a pipelined pool; 0
   *     for a pool whose connections are each taken by one caller
   */
  BoundedPool(VertxInternal vertx, PoolOptions options, int pipeline, CloseFuture closing) {
    super(
        vertx,
        PgDriver.INSTANCE,
        pipeline > 0,
        new PoolOptions(options).setConnectionTimeout(0),
        null,
        null,
        closing);
    this.name = options.getName();
    this.pipelined = pipeline > 0;
    this.waitMillis = options.getConnectionTimeoutUnit().toMillis(options.getConnectionTimeout());
    this.inFlight = options.getMaxSize() * pipeline;
    PoolMetrics.register(this, name, closing);
  }

  /** How many statements wait for a connection. */
  long waiting() {
    return Math.max(0, pending.sum() - inFlight);
  }

  @Override
  public Future<SqlConnection> getConnection() {
    Future<SqlConnection> connection = super.getConnection();
    if (!connection.isComplete()) {
      pending.increment();
      connection =
          (waitMillis == 0 ? connection : inTime(connection))
              .onComplete(over -> pending.decrement());
    }
    return connection.map(this::quiet);
  }

  /** A connection that comes too late goes back at once, to the next one that waits. */
  private Future<SqlConnection> inTime(Future<SqlConnection> connection) {
    ContextInternal context = context();
    Promise<SqlConnection> answer = context.promise();
    long timer =
        context.setTimer(
            waitMillis,
            over ->
                answer.tryFail(
                    new DatabaseBusyException(
                        "every connection of the pool " + name + " is in use")));
    connection.onComplete(
        taken -> {
          context.owner().cancelTimer(timer);
          if (taken.failed()) {
            answer.tryFail(taken.cause());
          } else if (!answer.tryComplete(taken.result())) {
            taken.result().close();
          }
        });
    return answer.future();
  }

  @Override
  public <R> Future<R> schedule(ContextInternal context, CommandBase<R> command) {
    if (pipelined) {
      pending.increment();
      return super.schedule(context, command).onComplete(over -> pending.decrement());
    }
    return getConnection()
        .compose(
            connection ->
                ((SqlConnectionBase<?>) connection)
                    .schedule(context, command)
                    .eventually(() -> connection.close()));
  }

  /** Without a handler the client prints what the server says between two statements. */
  private SqlConnection quiet(SqlConnection connection) {
    return connection.exceptionHandler(
        failure -> LOG.debugf("pool %s, between statements: %s", name, failure.getMessage()));
  }
}
