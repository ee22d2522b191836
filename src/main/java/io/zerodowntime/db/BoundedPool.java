package io.zerodowntime.db;

import io.vertx.core.Future;
import io.vertx.core.impl.CloseFuture;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.core.impl.VertxInternal;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.PoolImpl;
import io.vertx.sqlclient.impl.SqlConnectionBase;
import io.vertx.sqlclient.impl.command.CommandBase;
import org.jboss.logging.Logger;

/**
 * A pool in which a statement that waits too long for a connection leaves the queue. The client's
 * own pool leaves it there, so it is sent after its caller was told that it was not; it also fails
 * a statement a second time, with a stack trace on the log, if its connection could not be made
 * (Vert.x 4.5, {@code SqlConnectionPool.execute}). Both are right in the way by which a caller
 * takes a connection, so every statement goes that way.
 */
final class BoundedPool extends PoolImpl {
  private static final Logger LOG = Logger.getLogger(BoundedPool.class);

  private final String name;
  private final boolean pipelined;

  BoundedPool(VertxInternal vertx, PoolOptions options, boolean pipelined, CloseFuture closing) {
    super(vertx, PgDriver.INSTANCE, pipelined, options, null, null, closing);
    this.name = options.getName();
    this.pipelined = pipelined;
  }

  @Override
  public Future<SqlConnection> getConnection() {
    return super.getConnection()
        .transform(
            taken ->
                taken.succeeded()
                    ? Future.succeededFuture(quiet(taken.result()))
                    : Future.failedFuture(explain(taken.cause())));
  }

  @Override
  public <R> Future<R> schedule(ContextInternal context, CommandBase<R> command) {
    return pipelined
        ? super.schedule(context, command)
        : getConnection()
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

  private Throwable explain(Throwable failure) {
    return failure instanceof NoStackTraceThrowable && "Timeout".equals(failure.getMessage())
        ? new DatabaseBusyException("every connection of the pool " + name + " is in use")
        : failure;
  }
}
