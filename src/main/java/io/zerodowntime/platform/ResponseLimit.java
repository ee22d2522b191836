package io.zerodowntime.platform;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.impl.SqlConnectionBase;
import io.vertx.sqlclient.impl.command.CommandBase;
import io.vertx.sqlclient.impl.command.CommandResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Closes a connection on which a statement waits too long for its answer: a server that is frozen,
 * or a network that swallows packets, ends no statement. What was in flight then fails as a
 * statement whose outcome is unknown, the pool forgets the connection, and nothing is ever sent
 * behind a statement that hangs. On a pipelined connection each answer begins the time anew.
 *
 * <p>It stands between the client's codec and the client, so it counts statements, not bytes, and a
 * connection without a statement is never closed.
 */
final class ResponseLimit extends ChannelDuplexHandler {
  private static final String CLIENT = "handler";
  private static final String LOGIN_LIMIT = "idle";
  private static final int LOOKS = 4;

  private final long limit;
  private final LongAdder closed;
  private int inFlight;
  private long since;
  private ScheduledFuture<?> looks;

  private ResponseLimit(Duration limit, LongAdder closed) {
    this.limit = limit.toNanos();
    this.closed = closed;
  }

  /**
   * Puts a limit on a connection that has just logged in, in place of the limit of the login.
   *
   * @param closed counts the connections that were closed for it
   */
  static SqlConnection on(SqlConnection connection, Duration limit, LongAdder closed) {
    SocketConnectionBase socket =
        (SocketConnectionBase) ((SqlConnectionBase<?>) connection).unwrap();
    var pipeline = socket.socket().channelHandlerContext().pipeline();
    pipeline.addBefore(CLIENT, "response-limit", new ResponseLimit(limit, closed));
    if (pipeline.get(LOGIN_LIMIT) != null) {
      pipeline.remove(LOGIN_LIMIT);
    }
    return connection;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    long period = limit / LOOKS;
    looks =
        context
            .executor()
            .scheduleWithFixedDelay(() -> look(context), period, period, TimeUnit.NANOSECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    looks.cancel(false);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    if (message instanceof CommandBase && inFlight++ == 0) {
      since = System.nanoTime();
    }
    super.write(context, message, promise);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof CommandResponse && --inFlight > 0) {
      since = System.nanoTime();
    }
    context.fireChannelRead(message);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the client is told by the end of the channel
  private void look(ChannelHandlerContext context) {
    if (inFlight > 0 && System.nanoTime() - since > limit) {
      closed.increment();
      looks.cancel(false);
      // past the codec, which would say goodbye first and then wait for the server to close
      context.pipeline().firstContext().close();
    }
  }
}
