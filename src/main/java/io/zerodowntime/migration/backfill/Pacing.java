package io.zerodowntime.migration.backfill;

import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.migration.ThrottleReason.General;
import io.zerodowntime.migration.backfill.indicator.Reading;
import io.zerodowntime.migration.backfill.indicator.Signal;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How fast a run may be now.
 *
 * @param share of its free pace, above 0 and up to 1
 * @param batch how long a batch should take: {@link #ALONE} or {@link #BESIDE_REQUESTS}
 * @param reason what made it slower; empty at the free pace
 * @param detail what was read of that, for people; empty at the free pace
 * @param readings of every indicator, in their order
 */
public record Pacing(
    double share,
    Duration batch,
    Optional<ThrottleReason> reason,
    Optional<String> detail,
    List<Reading> readings) {
  /** How long a batch should hold its row locks where this process has few requests, or none. */
  static final Duration ALONE = Duration.ofMillis(100);

  /**
   * The same where there are requests to judge by: what waits for a processor or for the WAL behind
   * a batch waits as long as the batch. At the same rows a second the p99 of requests beside
   * batches of 16 ms was 1.5 times the one without, beside batches of 2.3 ms it was none the worse;
   * they make 0.7 of the rows at full speed (docs/performance.md, A backfill beside requests).
   */
  static final Duration BESIDE_REQUESTS = Duration.ofMillis(2).plusNanos(500_000);

  /** Nothing slows it. */
  public static final Pacing FREE =
      new Pacing(1, ALONE, Optional.empty(), Optional.empty(), List.of());

  static Pacing of(double share, Duration batch, List<Reading> readings, boolean databaseRead) {
    Optional<Reading> strictest =
        readings.stream()
            .filter(each -> each.signal() != Signal.RISE)
            .max(
                Comparator.comparing(Reading::signal)
                    .thenComparing(each -> -readings.indexOf(each)));
    if (share >= 1) {
      return new Pacing(1, batch, Optional.empty(), Optional.empty(), readings);
    }
    return new Pacing(
        share,
        batch,
        strictest
            .map(each -> each.known() || databaseRead ? each.reason() : General.UNREADABLE)
            .or(() -> Optional.of(General.RECOVERY)),
        strictest.map(Reading::text).or(() -> Optional.of("nothing objects any more")),
        readings);
  }

  Pacing atMinimum() {
    return share <= PaceShare.MIN && !reason.equals(Optional.of(General.RECOVERY))
        ? this
        : new Pacing(
            PaceShare.MIN,
            batch,
            Optional.of(General.BASELINE),
            Optional.of("looks for a moment how requests do without a run"),
            readings);
  }
}
