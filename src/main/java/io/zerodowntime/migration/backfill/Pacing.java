package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.backfill.indicator.Reading;
import io.zerodowntime.migration.backfill.indicator.Signal;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How fast a run may be now.
 *
 * @param share of its free pace, above 0 and up to 1
 * @param reason what made it slower; empty at the free pace
 * @param detail what was read of that, for people; empty at the free pace
 * @param readings of every indicator, in their order
 */
public record Pacing(
    double share, Optional<String> reason, Optional<String> detail, List<Reading> readings) {
  /** Nothing slows it. */
  public static final Pacing FREE = new Pacing(1, Optional.empty(), Optional.empty(), List.of());

  /** Why a run is at the minimum for some seconds: to see how requests do without it. */
  static final String BASELINE = "baseline";

  /** Why it is slower while no indicator objects any more: the pace rises step by step. */
  public static final String RECOVERY = "recovery";

  private static final String UNREADABLE = "unreadable";

  static Pacing of(double share, List<Reading> readings, boolean databaseRead) {
    Optional<Reading> strictest =
        readings.stream()
            .filter(each -> each.signal() != Signal.RISE)
            .max(
                Comparator.comparing(Reading::signal)
                    .thenComparing(each -> -readings.indexOf(each)));
    if (share >= 1) {
      return new Pacing(1, Optional.empty(), Optional.empty(), readings);
    }
    return new Pacing(
        share,
        strictest
            .map(each -> each.known() || databaseRead ? each.reason() : UNREADABLE)
            .or(() -> Optional.of(RECOVERY)),
        strictest.map(Reading::text).or(() -> Optional.of("nothing objects any more")),
        readings);
  }

  Pacing atMinimum() {
    return share <= PaceShare.MIN
        ? this
        : new Pacing(
            PaceShare.MIN,
            Optional.of(BASELINE),
            Optional.of("looks for a moment how requests do without a run"),
            readings);
  }
}
