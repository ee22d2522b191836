package io.zerodowntime.orders;

import io.zerodowntime.http.Problem;
import io.zerodowntime.http.ProblemException;

/** What can be wrong with a request for orders. */
final class OrderProblems {
  private OrderProblems() {}

  static ProblemException noSuchOrder() {
    return new ProblemException(
        Problem.of(404, "no-such-order", "No such order").detail("No order has this id."));
  }

  static ProblemException otherRequestUnderKey() {
    return new ProblemException(
        Problem.of(422, "idempotency-key-reused", "Idempotency-Key was used before")
            .detail("This key stands for another request; use a new one for this request."));
  }

  static Problem notReady() {
    return Problem.of(503, "orders-not-ready", "Orders are not ready")
        .detail("The expand changesets were not applied to this database yet.")
        .retryAfter(5);
  }

  static ProblemException oldColumnDropped() {
    return new ProblemException(
        Problem.of(409, "old-column-dropped", "The old column is dropped")
            .detail("There is nothing left to compare with: the migration is contracted."));
  }

  static ProblemException noNewColumnYet() {
    return new ProblemException(
        Problem.of(409, "no-new-column-yet", "The new column is not there yet")
            .detail("There is nothing to compare with until the expand changesets are applied."));
  }
}
