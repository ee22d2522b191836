package io.zerodowntime.db;

/**
 * The database has no room for a statement now, so nothing was sent: every connection of a pool was
 * in use for as long as a statement may wait, or the request's deadline had passed meanwhile.
 */
public final class DatabaseBusyException extends RuntimeException {
  public DatabaseBusyException(String message) {
    super(message, null, false, false);
  }
}
