package io.zerodowntime.migration.phase;

import java.util.Locale;

/** What a line of {@code migration_history} is about. */
public enum HistoryKind {
  /** A step was taken. */
  STEP,
  /** The old columns were dropped; the line has the certificate. */
  CONTRACT,
  /** An operator did something to a run. */
  ACTION;

  /** The name in the database and in JSON, for example {@code step}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
