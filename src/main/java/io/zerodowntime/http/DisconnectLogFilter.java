package io.zerodowntime.http;

import com.fasterxml.jackson.core.JacksonException;
import io.quarkus.logging.LoggingFilter;
import io.vertx.core.http.HttpClosedException;
import java.io.IOException;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Keeps normal events out of the log. A client hangs up while an event is on its way to it: Quarkus
 * REST logs an error for each; every other failure of a stream stays in the log. And what a client
 * sent is not HTTP, and is read when its connection is being closed: Netty warns with a stack trace
 * that no handler is left for it.
 */
@LoggingFilter(name = DisconnectLogFilter.NAME)
public final class DisconnectLogFilter implements Filter {
  static final String NAME = "disconnects";
  private static final String PIPELINE = "io.netty.channel.DefaultChannelPipeline";
  private static final String HTTP_CODEC = "io.netty.handler.codec.http.";
  private static final String LOGGER =
      "org.jboss.resteasy.reactive.server.handlers.PublisherResponseHandler";

  @Override
  public boolean isLoggable(LogRecord logged) {
    return !(LOGGER.equals(logged.getLoggerName()) && isDisconnect(logged.getThrown()))
        && !(PIPELINE.equals(logged.getLoggerName()) && isMalformed(logged.getThrown()));
  }

  /** Thrown where Netty parses a request. */
  private static boolean isMalformed(@Nullable Throwable thrown) {
    return thrown instanceof IllegalArgumentException
        && thrown.getStackTrace().length > 0
        && thrown.getStackTrace()[0].getClassName().startsWith(HTTP_CODEC);
  }

  /** Netty's and the socket's are IOExceptions, and so are Jackson's, which are errors of ours. */
  private static boolean isDisconnect(@Nullable Throwable thrown) {
    return thrown instanceof HttpClosedException
        || (thrown instanceof IOException && !(thrown instanceof JacksonException));
  }
}
