package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What was proven in one epoch, after its drain.
 *
 * @param forward the last whole-table run of {@code new := forward(old)}
 * @param reverse the last whole-table run of {@code old := reverse(new)}
 * @param parity the last whole-table comparison
 * @param unrepaired keys whose columns were seen to disagree, and not repaired since; 1,000 stands
 *     for more
 * @param shadow what live reads compared within the soak window, in the last phase 2
 * @param lasted how long the epoch has lasted, by the database's clock
 * @param unfenced who was seen writing one side only, the last one first, 10 at most; empty without
 *     triggers that detect it
 */
@RegisterForReflection
public record Evidence(
    Optional<RunEvidence> forward,
    Optional<RunEvidence> reverse,
    Optional<RunEvidence> parity,
    long unrepaired,
    ShadowEvidence shadow,
    Duration lasted,
    List<UnfencedWriter> unfenced) {

  /**
   * A run over the whole table.
   *
   * @param scanned rows seen by it
   * @param tableRows rows of the table with keys from its first to its last, or without a key,
   *     counted at its end; empty before, where a former version ended it, or where the count took
   *     too long
   * @param inserted rows inserted while it ran, by the statistics of PostgreSQL: those of aborted
   *     transactions count too, so it is an upper bound, but for what a session has not reported
   *     yet (within seconds)
   * @param finishLsn the end of the write-ahead log when it completed; empty before
   */
  @RegisterForReflection
  public record RunEvidence(
      long id,
      RunState state,
      long scanned,
      long changed,
      long mismatched,
      Optional<Long> tableRows,
      long inserted,
      Optional<String> finishLsn) {

    /**
     * It ended, and its count is proven: every row that the table has at the end was seen, or was
     * inserted while it ran. A row that it saw may have been deleted since.
     */
    public boolean complete() {
      return state == RunState.COMPLETE
          && tableRows.filter(rows -> scanned + inserted >= rows).isPresent();
    }

    /** State and count, in one line. */
    public String summary() {
      return "run %d is %s, %d rows%s"
          .formatted(id, state.label(), scanned, state == RunState.COMPLETE ? proof() : "");
    }

    private String proof() {
      return tableRows
          .map(
              rows ->
                  "; the table has %d within its keys, %d inserted meanwhile%s"
                      .formatted(rows, inserted, complete() ? "" : ": rows were not seen"))
          .orElse("; the table was not counted, so that is not proven");
    }

    private boolean unproven() {
      return state == RunState.COMPLETE && !complete();
    }

    /** Neither complete nor cancelled. */
    public boolean active() {
      return state.active();
    }
  }

  /** Reads that compared both columns of one row. */
  @RegisterForReflection
  public record ShadowEvidence(long matches, long mismatches, long errors) {}

  /** Both columns of every row were compared, all agreed, and no key is unrepaired. */
  public boolean scanClean() {
    return parity.filter(scan -> scan.complete() && scan.mismatched() == 0).isPresent()
        && unrepaired == 0;
  }

  /** The scan is clean, and began after this backfill was complete. */
  public boolean parityClean(Optional<RunEvidence> backfill) {
    return scanClean()
        && backfill.filter(run -> run.complete() && parity.get().id() > run.id()).isPresent();
  }

  /**
   * What the last comparison found, in one line.
   *
   * @param none what to say where there was none
   */
  public String scanSummary(String none) {
    return parity
        .map(
            scan ->
                "scan %d is %s: %d rows, %d mismatches, %d keys unrepaired%s"
                    .formatted(
                        scan.id(),
                        scan.state().label(),
                        scan.scanned(),
                        scan.mismatched(),
                        unrepaired,
                        scan.unproven() ? scan.proof() : ""))
        .orElse(none);
  }
}
