package io.zerodowntime.app.embedded;

/** The program cannot start; the message is one line for the person at the shell. */
public final class StartException extends RuntimeException {
  /** The message where there is neither a database nor the means to start one. */
  public static final String NO_DATABASE =
      "DATABASE_URL is missing, and there is no embedded PostgreSQL in this image:"
          + " set it to postgresql://user:password@host:port/database";

  public StartException(String message) {
    super(message);
  }

  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
