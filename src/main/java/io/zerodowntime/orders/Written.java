package io.zerodowntime.orders;

/**
 * What a write did.
 *
 * @param json the order as it is now; null if nothing was written: there is no such order, or the
 *     idempotency key was used before
 */
record Written(String json) {}
