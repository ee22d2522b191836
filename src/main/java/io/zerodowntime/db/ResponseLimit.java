package io.zerodowntime.db;

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
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection on which a statement waits too long for its answer: a server that is frozen,
 * or a network that swallows packets, ends no statement. What was in flight then fails as a
 * statement whose outcome is unknown, the pool forgets the connection, and nothing is ever sent
 * behind a statement that hangs. On a pipelined connection each answer begins the time anew.
 *
 * <p>When the database was away and is back, a connection from before may be lost for good, and
 * nothing tells so. Until its next answer it has the shorter limit, which begins with the return.
 *
 * <p>It stands between the client's codec and the client, so it counts statements, not bytes, and a
 * connection without a statement is never closed.
 */
final class ResponseLimit extends ChannelDuplexHandler {
  private static final String CLIENT = "handler";
  private static final String LOGIN_LIMIT = "idle";
  private static final int LOOKS = 4;

  private final Limits limits;
  private final Supplier<OptionalLong> lastReturn;
  private final LongAdder closed;
  private final LongSupplier nanoTime;
  private int inFlight;
  private long since;
  private long lastAnswer;
  private @Nullable ScheduledFuture<?> checks;

  /**
   * @param lastReturn when the database was back the last time, by that clock; empty if it was
   *     never away
   * @param closed counts the connections that were closed
   * @param nanoTime a clock like {@link System#nanoTime()}
   */
  ResponseLimit(
      Limits limits, Supplier<OptionalLong> lastReturn, LongAdder closed, LongSupplier nanoTime) {
    this.limits = limits;
    this.lastReturn = lastReturn;
    this.closed = closed;
    this.nanoTime = nanoTime;
    this.lastAnswer = nanoTime.getAsLong();
  }

  /**
   * How long a statement waits for its answer.
   *
   * @param afterReturn as long as the connection has not answered since the database is back
   */
  record Limits(Duration answer, Duration afterReturn) {}

  /** Puts it on a connection that has just logged in, in place of the limit of the login. */
  SqlConnection on(SqlConnection connection) {
    SocketConnectionBase socket =
        (SocketConnectionBase) ((SqlConnectionBase<?>) connection).unwrap();
    var pipeline = socket.socket().channelHandlerContext().pipeline();
    pipeline.addBefore(CLIENT, "response-limit", this);
    if (pipeline.get(LOGIN_LIMIT) != null) {
      pipeline.remove(LOGIN_LIMIT);
    }
    return connection;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    long period = limits.afterReturn().toNanos() / LOOKS;
    checks =
        context
            .executor()
            .scheduleWithFixedDelay(() -> check(context), period, period, TimeUnit.NANOSECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    stopChecks();
  }

  private void stopChecks() {
    if (checks != null) {
      checks.cancel(false);
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    if (message instanceof CommandBase && inFlight++ == 0) {
      since = nanoTime.getAsLong();
    }
    super.write(context, message, promise);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof CommandResponse) {
      inFlight--;
      lastAnswer = nanoTime.getAsLong();
      since = lastAnswer;
    }
    context.fireChannelRead(message);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the client is told by the end of the channel
  private void check(ChannelHandlerContext context) {
    if (inFlight > 0 && isLate(nanoTime.getAsLong())) {
      closed.increment();
      stopChecks();
      // past the codec, which would say goodbye first and then wait for the server to close
      context.pipeline().firstContext().close();
    }
  }

  private boolean isLate(long now) {
    OptionalLong back = lastReturn.get();
    boolean late = now - since > limits.answer().toNanos();
    if (late || back.isEmpty() || lastAnswer - back.getAsLong() > 0) {
      return late;
    }
    long waited = Math.min(now - since, now - back.getAsLong());
    return waited > limits.afterReturn().toNanos();
  }
}
