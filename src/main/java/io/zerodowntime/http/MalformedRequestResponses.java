package io.zerodowntime.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.quarkus.vertx.http.HttpServerStart;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Gives the answers to requests that are no HTTP a problem as their body. Vert.x makes these
 * answers itself, without a body, and Quarkus has no way in to its handler for them. So, as soon as
 * the server listens, its channel gets a handler that sees each connection it accepts.
 */
@Singleton
class MalformedRequestResponses {
  private static final Map<String, Integer> STATUS_LINES =
      Map.of(
          "400 Bad Request", 400,
          "414 Request-URI Too Long", 414,
          "431 Request Header Fields Too Large", 431);

  private static final String WITH_PROBLEM =
      """
      HTTP/1.1 %s\r
      content-type: application/problem+json\r
      connection: close\r
      content-length: %d\r
      \r
      %s""";

  private final VertxInternal vertx;

  MalformedRequestResponses(Vertx vertx) {
    this.vertx = (VertxInternal) vertx;
  }

  void listen(@ObservesAsync HttpServerStart event) {
    for (EventExecutor loop : vertx.getAcceptorEventLoopGroup()) {
      loop.execute(() -> watch((SingleThreadEventLoop) loop));
    }
  }

  private static void watch(SingleThreadEventLoop loop) {
    loop.registeredChannelsIterator()
        .forEachRemaining(
            channel -> {
              if (channel instanceof ServerChannel) {
                channel.pipeline().addFirst(new Acceptor());
              }
            });
  }

  /** Sees connections before Vert.x does. */
  private static final class Acceptor extends ChannelInboundHandlerAdapter {
    private final ChannelHandler filler = new Filler();

    @Override
    public void channelRead(ChannelHandlerContext context, Object connection) {
      ((Channel) connection).pipeline().addFirst(filler);
      context.fireChannelRead(connection);
    }
  }

  /** Stands where answers are bytes already, and looks at short ones only. */
  @ChannelHandler.Sharable
  private static final class Filler extends ChannelOutboundHandlerAdapter {
    /** The longest of these answers has 97 bytes, and no answer with a body has so few. */
    private static final int LONGEST = 100;

    private static final int STATUS = "HTTP/1.1 ".length();

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the promise carries what becomes of it
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      boolean looksEmpty =
          message instanceof ByteBuf answer
              && answer.readableBytes() <= LONGEST
              && answer.readableBytes() > STATUS
              && answer.getByte(answer.readerIndex() + STATUS) == '4';
      context.write(looksEmpty ? filled((ByteBuf) message) : message, promise);
    }

    private static ByteBuf filled(ByteBuf answer) {
      String head = answer.toString(StandardCharsets.US_ASCII);
      int end = head.indexOf('\r');
      Integer status = end < STATUS ? null : STATUS_LINES.get(head.substring(STATUS, end));
      if (status == null
          || !head.startsWith("HTTP/1.")
          || !head.contains("content-length: 0\r\n")
          || !head.endsWith("\r\n\r\n")) {
        return answer;
      }
      answer.release();
      String problem = HttpProblems.of(status).json();
      return Unpooled.copiedBuffer(
          WITH_PROBLEM.formatted(head.substring(STATUS, end), problem.length(), problem),
          StandardCharsets.US_ASCII);
    }
  }
}
