package io.zerodowntime.orders;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** What a client can change of an order. */
@RegisterForReflection
@Schema(requiredProperties = "status")
record StatusChange(@Schema(pattern = NewOrder.STATUS_PATTERN) String status) {

  /**
   * @param change null stands for a body that is missing
   * @throws ProblemException 400, if it names no status that the API accepts
   */
  static StatusChange checked(StatusChange change) {
    List<Violation> violations = new ArrayList<>();
    NewOrder.checkStatus(change == null ? null : change.status, violations);
    ProblemException.throwIfAny(violations);
    return change;
  }
}
