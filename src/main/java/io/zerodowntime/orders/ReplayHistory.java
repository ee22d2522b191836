package io.zerodowntime.orders;

import java.time.Duration;
import java.time.Instant;

/**
 * What the database said about itself a moment ago.
 *
 * @param secret by which responses in Redis are signed; only the database has it
 * @param name the cluster, its timeline and the migration's epoch: what was true in one history
 *     need not be true in another one
 * @param at the database's clock when it answered
 * @param askedNanos this process' clock when it was asked
 * @param answeredNanos this process' clock when the answer was there
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ReplayHistory(byte[] secret, String name, Instant at, long askedNanos, long answeredNanos) {
  /** Afterwards another server may be the primary. */
  private static final Duration FRESH = Duration.ofSeconds(3);

  /** Whether the database said it a moment ago. */
  boolean isFresh(long nanos) {
    return nanos - askedNanos < FRESH.toNanos();
  }

  /** The database's clock at that moment, or a little earlier. */
  Instant notAfter(long nanos) {
    return at.plusNanos(nanos - answeredNanos);
  }

  /** The database's clock at that moment, or a little later. */
  Instant notBefore(long nanos) {
    return at.plusNanos(nanos - askedNanos);
  }
}
