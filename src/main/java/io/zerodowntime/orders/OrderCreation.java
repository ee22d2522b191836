package io.zerodowntime.orders;

import io.zerodowntime.migration.Phase;
import org.jspecify.annotations.Nullable;

/**
 * An order to be created.
 *
 * @param phase the phase that the statement is to be written for
 * @param claim null for an order without an idempotency key
 */
record OrderCreation(Phase phase, NewOrder order, @Nullable IdempotencyClaim claim) {

  /** Null if it has none. */
  @Nullable String key() {
    return claim == null ? null : claim.key().value();
  }
}
