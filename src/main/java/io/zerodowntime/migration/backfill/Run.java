package io.zerodowntime.migration.backfill;

import io.vertx.core.json.JsonObject;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * One pass over the table's key ranges, by any number of workers anywhere.
 *
 * @param epoch the epoch it belongs to; its batches do nothing in any other
 * @param wholeTable false for a repair of some keys, which proves nothing about the others
 * @param snapshot whether it compares in one snapshot, not in the order of the key
 * @param newKey whether it follows the key of the new side, where the migration moves the key
 * @param state cancelled once its epoch is over
 * @param limits what operators hold the pace to
 * @param scanned rows that were looked at
 * @param changed rows that were written
 * @param mismatched rows whose columns disagreed (parity only)
 * @param locked rows passed over because others held them, and not done yet
 * @param rowsEstimate the planner's estimate of the table when the run began
 */
public record Run(
    long id,
    String migration,
    long epoch,
    RunKind kind,
    boolean wholeTable,
    boolean snapshot,
    boolean newKey,
    RunState state,
    Limits limits,
    long scanned,
    long changed,
    long mismatched,
    long locked,
    long rowsEstimate,
    OffsetDateTime startedAt,
    Optional<OffsetDateTime> finishedAt) {

  /** The columns that it follows. */
  List<String> key(Migration of) {
    return newKey ? of.newKey() : of.key();
  }

  /** Neither complete nor cancelled. */
  public boolean active() {
    return state.active();
  }

  /** Rows still to be looked at, as far as the estimate holds; 0 when it is complete. */
  public long lag() {
    return state == RunState.COMPLETE ? 0 : Math.max(0, rowsEstimate - scanned);
  }

  /**
   * Upper bounds of the adaptive pace.
   *
   * @param batchSize rows in a batch, 1 to 100,000
   * @param delay between two batches of a worker, at most a minute
   * @param targetLoad the share of its time that a worker works, above 0 and up to 1
   */
  public record Limits(int batchSize, Duration delay, double targetLoad) {
    public static final int MAX_BATCH_SIZE = 100_000;
    public static final Duration MAX_DELAY = Duration.ofMinutes(1);

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if a value is out of its bounds
     */
    public Limits {
      if (batchSize < 1 || batchSize > MAX_BATCH_SIZE) {
        throw new IllegalArgumentException("batchSize must be 1 to " + MAX_BATCH_SIZE);
      }
      if (delay.isNegative() || delay.compareTo(MAX_DELAY) > 0) {
        throw new IllegalArgumentException("delayMillis must be 0 to " + MAX_DELAY.toMillis());
      }
      if (!(targetLoad > 0 && targetLoad <= 1)) {
        throw new IllegalArgumentException("targetLoad must be above 0 and at most 1");
      }
    }

    /** By the names that the calls have for them. */
    JsonObject json() {
      return JsonObject.of(
          "batchSize", batchSize, "delayMillis", delay.toMillis(), "targetLoad", targetLoad);
    }
  }
}
