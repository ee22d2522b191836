package io.zerodowntime.http;

import com.fasterxml.jackson.core.JacksonException;
import io.quarkus.logging.LoggingFilter;
import io.vertx.core.http.HttpClosedException;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.tracing.Trace;
import java.io.IOException;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jboss.logmanager.ExtLogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Looks at each line of the log. It gives the lines about a request the fields by which they are
 * found: the id of the request, and of its trace; so a request about which nothing is logged costs
 * nothing. And it keeps normal events out. A client hangs up while an event is on its way to it:
 * Quarkus REST logs an error for each; every other failure of a stream stays in the log. And what a
 * client sent is not HTTP, and is read when its connection is being closed: Netty warns with a
 * stack trace that no handler is left for it.
 */
@LoggingFilter(name = LogFilter.NAME)
public final class LogFilter implements Filter {
  static final String NAME = "requests";
  private static final String PIPELINE = "io.netty.channel.DefaultChannelPipeline";
  private static final String HTTP_CODEC = "io.netty.handler.codec.http.";
  private static final String LOGGER =
      "org.jboss.resteasy.reactive.server.handlers.PublisherResponseHandler";

  @Override
  public boolean isLoggable(LogRecord logged) {
    if (isNormal(logged.getLoggerName(), logged.getThrown())) {
      return false;
    }
    RequestDeadline request = RequestDeadline.ofContext();
    if (request != null && logged instanceof ExtLogRecord line) {
      describe(line, request);
    }
    return true;
  }

  private static void describe(ExtLogRecord line, RequestDeadline request) {
    line.copyMdc();
    line.putMdc("requestId", request.requestId());
    Trace trace = request.trace();
    if (trace != null) {
      line.putMdc("traceId", trace.traceId());
      line.putMdc("spanId", trace.spanId());
    }
  }

  private static boolean isNormal(@Nullable String logger, @Nullable Throwable thrown) {
    return (LOGGER.equals(logger) && isDisconnect(thrown))
        || (PIPELINE.equals(logger) && isMalformed(thrown));
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
