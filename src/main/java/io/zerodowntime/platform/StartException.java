package io.zerodowntime.platform;

/** The program cannot start; the message is one line for the person at the shell. */
public final class StartException extends RuntimeException {
  StartException(String message) {
    super(message);
  }

  StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
