/**
 * A Redis that may be away, slow, empty or wrong at any time. It hands on what Redis said, or that
 * Redis said nothing; what an answer is worth is for the caller to judge. Without {@code REDIS_URL}
 * it does nothing. It depends on {@code db} for the circuit breaker only.
 */
@NullMarked
package io.zerodowntime.redis;

import org.jspecify.annotations.NullMarked;
