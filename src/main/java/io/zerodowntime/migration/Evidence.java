package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Duration;
import java.util.Optional;

/**
 * What was proven in one epoch, after its drain.
 *
 * @param forward the last whole-table run of {@code new := forward(old)}
 * @param reverse the last whole-table run of {@code old := reverse(new)}
 * @param parity the last whole-table comparison
 * @param unrepaired keys whose columns were seen to disagree, and not repaired since
 * @param shadow what live reads compared within the soak window, in the last phase 2
 * @param lasted how long the epoch has lasted, by the database's clock
 */
@RegisterForReflection
public record Evidence(
    Optional<RunEvidence> forward,
    Optional<RunEvidence> reverse,
    Optional<RunEvidence> parity,
    long unrepaired,
    ShadowEvidence shadow,
    Duration lasted) {

  /**
   * A run over the whole table.
   *
   * @param state {@code running}, {@code paused}, {@code cancelled} or {@code complete}
   * @param finishLsn the end of the write-ahead log when it completed; empty before
   */
  @RegisterForReflection
  public record RunEvidence(
      long id,
      String state,
      long scanned,
      long changed,
      long mismatched,
      Optional<String> finishLsn) {

    public boolean complete() {
      return state.equals("complete");
    }
  }

  /** Reads that compared both columns of one row. */
  @RegisterForReflection
  public record ShadowEvidence(long matches, long mismatches, long errors) {}

  /** Both columns of every row were compared after the backfill, and all agreed. */
  public boolean parityClean(Optional<RunEvidence> backfill) {
    return parity.isPresent()
        && parity.get().complete()
        && parity.get().mismatched() == 0
        && unrepaired == 0
        && backfill.isPresent()
        && backfill.get().complete()
        && parity.get().id() > backfill.get().id();
  }
}
