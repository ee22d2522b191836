package io.zerodowntime.migration;

import java.util.Arrays;
import java.util.Optional;

/** Where a migration stands: which columns are written, and which one readers are given. */
public enum Phase {
  /** The old column is written and read; the new one may not exist yet. */
  EXPAND(0, "expand", true, false, false),
  /** Both columns are written in one statement, the old one is read. */
  DUAL_WRITE(1, "dual-write", true, true, false),
  /** Both columns are written in one statement, the new one is read. */
  READ_NEW(2, "read-new", true, true, true),
  /** The new column is written and read; the old one goes stale, and may be dropped. */
  CONTRACT(3, "contract", false, true, true);

  private final int number;
  private final String label;
  private final boolean writesOld;
  private final boolean writesNew;
  private final boolean readsNew;

  Phase(int number, String label, boolean writesOld, boolean writesNew, boolean readsNew) {
    this.number = number;
    this.label = label;
    this.writesOld = writesOld;
    this.writesNew = writesNew;
    this.readsNew = readsNew;
  }

  /** The number that the database keeps: 0 to 3. */
  public int number() {
    return number;
  }

  /** The name that operators see, for example {@code dual-write}. */
  public String label() {
    return label;
  }

  public boolean writesOld() {
    return writesOld;
  }

  public boolean writesNew() {
    return writesNew;
  }

  /** Whether the new column is the authoritative one. */
  public boolean readsNew() {
    return readsNew;
  }

  /** The neighbour that is one step nearer to {@code target}; empty if this is the target. */
  public Optional<Phase> towards(Phase target) {
    return target == this
        ? Optional.empty()
        : Optional.of(of(number() + Integer.signum(target.number() - number())));
  }

  /**
   * The phase with this number.
   *
   * @param number 0 to 3
   * @throws IllegalArgumentException for any other number
   */
  public static Phase of(int number) {
    return Arrays.stream(values())
        .filter(phase -> phase.number() == number)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no phase " + number + ": 0 to 3"));
  }

  @Override
  public String toString() {
    return number() + " (" + label + ")";
  }
}
