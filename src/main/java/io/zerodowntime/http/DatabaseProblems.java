package io.zerodowntime.http;

import io.vertx.pgclient.PgException;
import io.zerodowntime.db.FailureKind;
import java.util.Optional;

/** What a client is told when the database did not do what it was asked. */
final class DatabaseProblems {
  private static final int RETRY_AFTER = 2;

  private DatabaseProblems() {}

  /**
   * @param safe whether the request only read
   * @return empty if the failure has nothing to do with the database being away
   */
  static Optional<Problem> of(Throwable failure, boolean safe) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (FailureKind.isBusy(each)) {
        return Optional.of(busy());
      }
      FailureKind outcome = FailureKind.of(each);
      if (outcome == FailureKind.UNKNOWN && !safe) {
        return Optional.of(outcomeUnknown());
      }
      if (outcome == FailureKind.UNKNOWN || outcome == FailureKind.NOT_DONE || isAway(each)) {
        return Optional.of(away());
      }
      if (isWithoutSchema(each)) {
        return Optional.of(withoutSchema());
      }
    }
    return Optional.empty();
  }

  // classes 08 (connection), 53 (resources), 57 (operator) and 25006 (a standby that took over)
  private static boolean isAway(Throwable failure) {
    if (!(failure instanceof PgException refused) || refused.getSqlState() == null) {
      return false;
    }
    String state = refused.getSqlState();
    return state.startsWith("08")
        || state.startsWith("53")
        || state.startsWith("57")
        || state.equals("25006");
  }

  private static boolean isWithoutSchema(Throwable failure) {
    return failure instanceof PgException refused && "42P01".equals(refused.getSqlState());
  }

  private static Problem withoutSchema() {
    return Problem.of(503, "schema-missing", "The database has no schema yet")
        .detail("The changesets were not applied to this database yet: the command expand does.")
        .retryAfter(RETRY_AFTER);
  }

  /** A write was sent, and nothing tells whether it was done. */
  static Problem outcomeUnknown() {
    return Problem.of(503, "outcome-unknown", "The outcome is unknown")
        .detail(
            "The connection to the database broke while it was at work: the write was done or not."
                + " Look before you send it again; a write under an Idempotency-Key can be sent"
                + " again as it is.")
        .retryAfter(RETRY_AFTER);
  }

  private static Problem busy() {
    return Problem.of(503, "busy", "The database is busy")
        .detail(
            "A lock or a connection that this request needs was not free in time. Nothing was"
                + " changed; send the request again later.")
        .retryAfter(RETRY_AFTER);
  }

  private static Problem away() {
    return Problem.of(503, "database-unavailable", "The database is not available")
        .detail("Nothing was changed; send the request again later.")
        .retryAfter(RETRY_AFTER);
  }
}
