package io.zerodowntime.migration;

import java.time.Duration;

/** Told of what the engine did, after it is committed. Implementations must be quick. */
public interface MigrationListener {

  /** The grace period of an epoch ended, seen by the instance that ended it. */
  default void onDrained(Migration migration, long epoch, Duration grace) {}

  /** This instance saw these flags and refused them. */
  default void onFlagsRejected(Migration migration, String reason) {}

  /** One batch of a run was committed by this instance. */
  default void onBatch(
      Migration migration, RunKind kind, long scanned, long changed, Duration took) {}

  /**
   * A batch of this instance gave way to a session that holds one of its rows; nothing was done.
   */
  default void onGaveWay(Migration migration) {}

  /** A worker of this instance waited between two batches, and why. */
  default void onThrottled(Migration migration, ThrottleReason reason, Duration waited) {}

  /** So many live reads compared both columns of one row, and count as evidence. */
  default void onShadowReads(Migration migration, ShadowResult result, long reads) {}

  /** What a shadow read found. */
  enum ShadowResult {
    MATCH,
    MISMATCH,
    ERROR
  }
}
