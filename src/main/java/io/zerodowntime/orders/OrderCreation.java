package io.zerodowntime.orders;

import io.zerodowntime.migration.Phase;

/**
 * An order to be created.
 *
 * @param phase the phase that the statement is to be written for
 * @param claim null for an order without an idempotency key
 */
record OrderCreation(Phase phase, NewOrder order, IdempotencyClaim claim) {

  /** Null if it has none. */
  String key() {
    return claim == null ? null : claim.key().value();
  }
}
