package io.zerodowntime.migration;

import java.time.OffsetDateTime;
import java.util.Optional;

/**
 * One row of {@code migration_state}: the one truth of the fleet.
 *
 * @param epoch counts the phase changes; evidence belongs to one epoch
 * @param oldStale phase 3 was entered and the old column has not been refilled since
 * @param changedAt when the epoch began, by the database's clock
 * @param draining how many transactions of an earlier epoch are still waited for; empty until they
 *     have been listed
 * @param drainedAt when the grace period of this epoch ended; empty while it lasts
 * @param contractedAt when the old column was dropped; empty while it exists
 */
public record MigrationState(
    String name,
    Phase phase,
    long epoch,
    boolean oldStale,
    OffsetDateTime changedAt,
    Optional<Integer> draining,
    Optional<OffsetDateTime> drainedAt,
    Optional<OffsetDateTime> contractedAt) {

  /** No transaction that could have acted on an earlier phase is still running. */
  public boolean drained() {
    return drainedAt.isPresent();
  }
}
