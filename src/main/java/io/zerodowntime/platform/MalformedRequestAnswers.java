package io.zerodowntime.platform;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Gives the answers to requests that are no HTTP a problem as their body. Vert.x makes these
 * answers itself, without a body, and Quarkus has no way in to its handler for them; Netty loads
 * this class as a service where a system property says so, which {@link StartUp} sets.
 */
@RegisterForReflection
public final class MalformedRequestAnswers extends ChannelInitializerExtension {
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

  private final ChannelHandler filler = new Filler();

  @Override
  public void postInitializeServerChildChannel(Channel connection) {
    connection.pipeline().addFirst(filler);
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
