package io.zerodowntime.migration.backfill;

import java.util.Optional;

/** What one lane of a snapshot scan has found and not recorded yet. Not thread-safe. */
final class Unrecorded {
  private SnapshotSession.Found found = SnapshotSession.Found.NOTHING;
  private long since = System.nanoTime();
  private Optional<Run.Limits> limits = Optional.empty();

  void add(SnapshotSession.Found more) {
    found = found.plus(more);
  }

  /** Small ranges share a statement; keys are shown at once. */
  boolean isDue() {
    return found.mismatched() > 0 || System.nanoTime() - since > Pacing.ALONE.toNanos();
  }

  SnapshotSession.Found take() {
    SnapshotSession.Found taken = found;
    found = SnapshotSession.Found.NOTHING;
    since = System.nanoTime();
    return taken;
  }

  /** What the last record answered; empty before it, and where the run does not go on. */
  Optional<Run.Limits> limits() {
    return limits;
  }

  void limits(Optional<Run.Limits> answered) {
    limits = answered;
  }
}
