package io.zerodowntime.orders;

import java.time.Duration;

/**
 * A key and the request it stands for.
 *
 * @param fingerprint tells that request apart from every other one
 * @param ttl how long the answer is kept; the key is free for another request afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, only sent
record IdempotencyClaim(IdempotencyKey key, byte[] fingerprint, Duration ttl) {}
