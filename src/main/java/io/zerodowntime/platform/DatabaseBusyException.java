package io.zerodowntime.platform;

/**
 * The database has no room for a statement now, so nothing was sent: every connection of a pool was
 * in use for as long as a statement may wait, or the request's deadline had passed meanwhile.
 */
final class DatabaseBusyException extends RuntimeException {
  DatabaseBusyException(String message) {
    super(message, null, false, false);
  }
}
