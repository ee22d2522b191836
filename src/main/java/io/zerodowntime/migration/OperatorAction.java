package io.zerodowntime.migration;

import java.util.Locale;

/** What an operator can do that the history keeps. */
public enum OperatorAction {
  BACKFILL,
  BACKFILL_PAUSE,
  BACKFILL_RESUME,
  BACKFILL_CANCEL,
  BACKFILL_LIMITS,
  PARITY,
  REPAIR,
  CONTRACT;

  /** The name in the history, for example {@code backfill pause}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
