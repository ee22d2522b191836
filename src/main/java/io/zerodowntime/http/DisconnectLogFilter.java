package io.zerodowntime.http;

import com.fasterxml.jackson.core.JacksonException;
import io.quarkus.logging.LoggingFilter;
import io.vertx.core.http.HttpClosedException;
import java.io.IOException;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a normal event out of the log: a client that hangs up while an event is on its way to it.
 * Quarkus REST logs an error for each; every other failure of a stream stays in the log.
 */
@LoggingFilter(name = DisconnectLogFilter.NAME)
public final class DisconnectLogFilter implements Filter {
  static final String NAME = "disconnects";
  private static final String LOGGER =
      "org.jboss.resteasy.reactive.server.handlers.PublisherResponseHandler";

  @Override
  public boolean isLoggable(LogRecord logged) {
    return !(LOGGER.equals(logged.getLoggerName()) && isDisconnect(logged.getThrown()));
  }

  /** Netty's and the socket's are IOExceptions, and so are Jackson's, which are errors of ours. */
  private static boolean isDisconnect(@Nullable Throwable thrown) {
    return thrown instanceof HttpClosedException
        || (thrown instanceof IOException && !(thrown instanceof JacksonException));
  }
}
