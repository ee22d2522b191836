package io.zerodowntime.orders;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.http.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** What a client can change of an order. */
@RegisterForReflection
@Schema(requiredProperties = "status")
record StatusChange(@Schema(pattern = NewOrder.STATUS_PATTERN) String status) {

  /**
   * @param change null stands for a body that is missing
   * @throws ProblemException 400, if it names no status that the API accepts
   */
  static StatusChange checked(@Nullable StatusChange change) {
    List<Violation> violations = new ArrayList<>();
    NewOrder.checkStatus(change == null ? null : change.status, violations);
    ProblemException.throwIfAny(violations);
    return Objects.requireNonNull(change);
  }
}
