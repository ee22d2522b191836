package io.zerodowntime.migration.parity;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What this instance's reads found in one epoch and has not handed on yet. Not thread-safe. */
final class ShadowTally {
  /** Keys that disagree and are kept between two flushes at most; the count is exact. */
  static final int MAX_KEPT = 1000;

  long matches;
  long mismatches;
  long errors;
  @Nullable String lastError;
  private final List<Mismatch> kept = new ArrayList<>();

  List<Mismatch> kept() {
    return kept;
  }

  ShadowTally match() {
    matches++;
    return this;
  }

  ShadowTally mismatch(Mismatch found) {
    mismatches++;
    if (kept.size() < MAX_KEPT) {
      kept.add(found);
    }
    return this;
  }

  ShadowTally error(String reason) {
    errors++;
    lastError = reason;
    return this;
  }

  /** Takes the counts of another tally, which could not be handed on. */
  ShadowTally addCounts(ShadowTally other) {
    matches += other.matches;
    mismatches += other.mismatches;
    errors += other.errors;
    return this;
  }

  /** Takes the keys of another tally, which could not be handed on. */
  ShadowTally addKept(ShadowTally other) {
    other.kept.stream().limit(MAX_KEPT - kept.size()).forEach(kept::add);
    return this;
  }

  /** One row, with what its columns hold; either may be null. */
  record Mismatch(String key, @Nullable String oldValue, @Nullable String newValue) {}
}
