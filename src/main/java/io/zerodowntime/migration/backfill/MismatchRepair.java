package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.parity.Mismatches;
import io.zerodowntime.migration.parity.Mismatches.Mismatch;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Repairs the rows whose columns were seen to disagree. The authoritative column wins; the
 * comparison that follows the repair says whether it held.
 */
@ApplicationScoped
public class MismatchRepair {
  /** Keys in one repair at most, and keys that one scan records at most in a batch. */
  public static final int MAX_KEYS = 1000;

  private final Mismatches mismatches;
  private final Backfill backfill;

  MismatchRepair(Mismatches mismatches, Backfill backfill) {
    this.mismatches = mismatches;
    this.backfill = backfill;
  }

  /**
   * Starts a backfill of the mismatched keys from the authoritative column, in the direction that
   * the phase allows. Where more than {@link #MAX_KEYS} may disagree, it is one of every row.
   *
   * @return the run; fails with {@link Refused} if there is no such key, and outside phases 1 and 2
   */
  public Uni<Run> start(Migration migration, Actor requestedBy) {
    return mismatches
        .unrepaired(migration, MAX_KEYS)
        .map(found -> found.stream().map(Mismatch::key).toList())
        .chain(
            keys ->
                switch (keys.size()) {
                  case 0 -> Uni.createFrom().failure(new Refused("no mismatch is left to repair"));
                  case MAX_KEYS -> backfill.startRepair(migration, requestedBy);
                  default -> backfill.startRepair(migration, keys, requestedBy);
                });
  }
}
