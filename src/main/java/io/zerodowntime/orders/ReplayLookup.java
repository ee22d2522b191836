package io.zerodowntime.orders;

import java.util.Locale;

/** What a look into Redis for a stored response brought: the closed set that is counted. */
enum ReplayLookup {
  /** The response, which was served. */
  HIT,
  /** Nothing is stored there. */
  MISS,
  /**
   * What is stored there cannot be served: it does not verify, is expired, or lacks its position.
   */
  REFUSED,
  /** Redis gave no answer, or an error. */
  NO_ANSWER,
  /** The database was not asked for its history a moment ago, so Redis was not asked at all. */
  NO_HISTORY;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
