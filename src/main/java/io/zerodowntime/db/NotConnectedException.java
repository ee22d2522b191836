package io.zerodowntime.db;

import io.smallrye.mutiny.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * No connection to the database could be made, so nothing was sent. It has no stack trace, as while
 * a database is away there are very many of it.
 */
final class NotConnectedException extends RuntimeException {
  NotConnectedException(Throwable cause) {
    this(describe(cause), cause);
  }

  NotConnectedException(String reason, @Nullable Throwable cause) {
    super("no connection to the database: " + reason, cause, false, false);
  }

  /** What went wrong, in a few words. */
  static String describe(Throwable cause) {
    String message = cause.getMessage();
    if (message != null && !message.isBlank()) {
      return message;
    }
    return isTimeout(cause) ? "no answer in time" : cause.getClass().getSimpleName();
  }

  // Mutiny's own has no message
  private static boolean isTimeout(Throwable cause) {
    return cause instanceof TimeoutException
        || cause instanceof java.util.concurrent.TimeoutException;
  }
}
