package io.zerodowntime.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.awaitility.pollinterval.IterativePollInterval;

/** How long tests wait: long, as only what never happens is waited for to the end. */
public final class Timeouts {
  /** More than a busy machine or a stalled disk ever took. */
  public static final Duration LIMIT = Duration.ofMinutes(2);

  /** A busy machine may hold up any answer: so much longer than its deadline it may take. */
  public static final Duration ANSWER_MARGIN = Duration.ofSeconds(4);

  private static final Duration FIRST_LOOK = Duration.ofMillis(20);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

  private Timeouts() {}

  /**
   * Awaitility's, whose own limit of ten seconds such a machine exceeds. It looks after 20 ms, and
   * then less and less often, each 100 ms at last.
   */
  public static ConditionFactory await() {
    return Awaitility.await()
        .atMost(LIMIT)
        .pollDelay(FIRST_LOOK)
        .pollInterval(IterativePollInterval.iterative(Timeouts::longer, FIRST_LOOK.dividedBy(2)));
  }

  /**
   * The same for what a run has to do, three times as long: on a busy machine requests may be
   * slower than before it all the time, and its pace at the minimum.
   */
  public static ConditionFactory awaitRun() {
    return await().atMost(LIMIT.multipliedBy(3));
  }

  private static Duration longer(Duration last) {
    Duration twice = last.multipliedBy(2);
    return twice.compareTo(BETWEEN_LOOKS) < 0 ? twice : BETWEEN_LOOKS;
  }
}
