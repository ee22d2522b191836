package io.zerodowntime.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** How long tests wait: long, as only what never happens is waited for to the end. */
public final class Timeouts {
  /** More than a busy machine or a stalled disk ever took. */
  public static final Duration LIMIT = Duration.ofMinutes(2);

  /** A busy machine may hold up any answer: so much longer than its deadline it may take. */
  public static final Duration ANSWER_MARGIN = Duration.ofSeconds(4);

  private Timeouts() {}

  /** Awaitility's, whose own limit of ten seconds such a machine exceeds. */
  public static ConditionFactory await() {
    return Awaitility.await().atMost(LIMIT);
  }
}
