package io.zerodowntime.platform;

/** The embedded database cannot be started; the message is one line for the person at the shell. */
public final class EmbeddedDatabaseException extends RuntimeException {
  EmbeddedDatabaseException(String message) {
    super(message);
  }

  EmbeddedDatabaseException(String message, Throwable cause) {
    super(message, cause);
  }
}
