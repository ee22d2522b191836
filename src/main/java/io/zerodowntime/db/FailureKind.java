package io.zerodowntime.db;

import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;

/** What a failed statement left behind, and so whether it may be sent again. */
public enum FailureKind {
  /** Nothing was done, and the same statement can succeed when it is sent again. */
  NOT_DONE,
  /** Nothing was done, because a schema or a plan changed; a statement made anew can succeed. */
  STALE,
  /** The connection broke after the statement was sent: whether it was done is unknown. */
  UNKNOWN,
  /** Nothing was done, and a repetition would fail the same way. */
  FINAL;

  private static final String LOCK_TIMEOUT = "55P03";

  /*
   * PostgreSQL's appendix A: serialization_failure, deadlock_detected, lock_not_available,
   * admin_shutdown, cannot_connect_now, too_many_connections. Each aborts the transaction.
   */
  private static final Set<String> NOT_DONE_STATES =
      Set.of("40001", "40P01", LOCK_TIMEOUT, "57P01", "57P03", "53300");

  /** How PgBouncer ends the connection of a client, whatever the reason; the server says ERROR. */
  private static final String PROTOCOL_VIOLATION = "08P01";

  private static final String FATAL = "FATAL";

  // reasons of PgBouncer that it has before a statement is given to a server
  private static final List<String> GIVEN_TO_NO_SERVER =
      List.of(
          "query_wait_timeout",
          "server login has been failing",
          "pgbouncer cannot connect to server");

  // undefined_column; undefined_table does not point to another phase
  private static final String UNDEFINED_COLUMN = "42703";
  private static final String FEATURE_NOT_SUPPORTED = "0A000";

  /** Judges a failure of the reactive client; a failure it does not know is {@link #FINAL}. */
  public static FailureKind of(Throwable failure) {
    if (failure instanceof PgException refused) {
      return of(refused);
    }
    if (isUnsent(failure)) {
      return NOT_DONE;
    }
    return failure instanceof ClosedConnectionException || failure instanceof IOException
        ? UNKNOWN
        : FINAL;
  }

  private static boolean isUnsent(Throwable failure) {
    return failure instanceof NotConnectedException
        || failure instanceof DatabaseBusyException
        || failure instanceof ConnectionPoolTooBusyException
        || failure instanceof ConnectException
        || failure instanceof UnknownHostException
        || failure instanceof NoRouteToHostException
        || isFoundClosed(failure);
  }

  // the client found the connection closed before it wrote anything, and has no class for that
  private static boolean isFoundClosed(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return (failure instanceof NoStackTraceThrowable || failure instanceof VertxException)
        && (message.startsWith("Connection is not active now")
            || message.startsWith("Pending requests failed to be sent"));
  }

  /** Whether no connection could be made. */
  public static boolean isAway(Throwable failure) {
    return failure instanceof NotConnectedException;
  }

  /**
   * Whether the database had no room for it: a lock was held, or every connection was in use, for
   * as long as a statement may wait.
   */
  public static boolean isBusy(Throwable failure) {
    return failure instanceof DatabaseBusyException
        || failure instanceof ConnectionPoolTooBusyException
        || isLockTimeout(failure);
  }

  /** Whether the server answered, and refused the statement. */
  static boolean isRefused(Throwable failure) {
    return failure instanceof PgException;
  }

  public static boolean isLockTimeout(Throwable failure) {
    return failure instanceof PgException refused && LOCK_TIMEOUT.equals(refused.getSqlState());
  }

  private static FailureKind of(PgException refused) {
    String state = refused.getSqlState();
    if (state == null) {
      return FINAL;
    }
    if (NOT_DONE_STATES.contains(state)) {
      return NOT_DONE;
    }
    if (state.equals(PROTOCOL_VIOLATION) && FATAL.equals(refused.getSeverity())) {
      return GIVEN_TO_NO_SERVER.stream().anyMatch(refused.getErrorMessage()::startsWith)
          ? NOT_DONE
          : UNKNOWN;
    }
    return state.equals(UNDEFINED_COLUMN) || isStalePlan(state, refused) ? STALE : FINAL;
  }

  private static boolean isStalePlan(String state, PgException refused) {
    return state.equals(FEATURE_NOT_SUPPORTED) && refused.getErrorMessage().contains("cached plan");
  }
}
