/**
 * The domain: orders over HTTP, and the statements that keep them. Owns the tables {@code orders}
 * and {@code idempotency_key}, and the definition of the one migration that moves {@code
 * orders.old_status} to {@code orders.status}. It asks the migration engine which phase's statement
 * to send, and never changes a phase.
 */
@NullMarked
package io.zerodowntime.orders;

import org.jspecify.annotations.NullMarked;
