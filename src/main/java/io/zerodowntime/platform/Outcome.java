package io.zerodowntime.platform;

import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.net.ConnectException;
import java.util.Set;

/** What a failed statement left behind, and so whether it may be sent again. */
public enum Outcome {
  /** Nothing was done, and the same statement can succeed when it is sent again. */
  NOT_DONE,
  /** Nothing was done, because a schema or a plan changed; a statement made anew can succeed. */
  STALE,
  /** The connection broke after the statement was sent: done or not, nobody can tell. */
  UNKNOWN,
  /** Nothing was done, and a repetition would fail the same way. */
  FINAL;

  /*
   * PostgreSQL's appendix A: serialization_failure, deadlock_detected, lock_not_available,
   * admin_shutdown, cannot_connect_now, too_many_connections. Each aborts the transaction.
   */
  private static final Set<String> NOT_DONE_STATES =
      Set.of("40001", "40P01", "55P03", "57P01", "57P03", "53300");
  // undefined_column; undefined_table is no sign of a phase
  private static final String UNDEFINED_COLUMN = "42703";
  private static final String FEATURE_NOT_SUPPORTED = "0A000";

  /** Judges a failure of the reactive client; a failure it does not know is {@link #FINAL}. */
  public static Outcome of(Throwable failure) {
    if (failure instanceof PgException refused) {
      return of(refused);
    }
    if (failure instanceof ConnectException || isUnsent(failure)) {
      return NOT_DONE;
    }
    return failure instanceof ClosedConnectionException || failure instanceof IOException
        ? UNKNOWN
        : FINAL;
  }

  // the client found the connection closed before it wrote anything, and has no class for that
  private static boolean isUnsent(Throwable failure) {
    return failure instanceof NoStackTraceThrowable
        && String.valueOf(failure.getMessage()).startsWith("Connection is not active now");
  }

  private static Outcome of(PgException refused) {
    String state = refused.getSqlState();
    if (state == null) {
      return FINAL;
    }
    if (NOT_DONE_STATES.contains(state)) {
      return NOT_DONE;
    }
    return state.equals(UNDEFINED_COLUMN) || isStalePlan(state, refused) ? STALE : FINAL;
  }

  private static boolean isStalePlan(String state, PgException refused) {
    return state.equals(FEATURE_NOT_SUPPORTED) && refused.getErrorMessage().contains("cached plan");
  }
}
