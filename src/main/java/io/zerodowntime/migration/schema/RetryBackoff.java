package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jboss.logging.Logger;

/**
 * How long one stage is tried again; the pauses grow, and are jittered against convoys. Only pauses
 * count: the time of an attempt is work, such as the build of an index, or bounded by lock_timeout.
 */
final class RetryBackoff {
  private static final Logger LOG = Logger.getLogger(RetryBackoff.class);
  private static final long FIRST_PAUSE_MS = 100;
  private static final long LAST_PAUSE_MS = 3_000;

  private final long start = System.nanoTime();
  private final Duration bound;
  private Duration paused = Duration.ZERO;
  private long pauseMs = FIRST_PAUSE_MS;
  private String last = "";

  RetryBackoff(Duration bound) {
    this.bound = bound;
  }

  /** The time since the beginning, that of attempts included. */
  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /**
   * Waits a moment.
   *
   * @param kind names the obstacle in the log, once for as long as it stays the same
   * @param detail what is in the way; the error says it when the bound is reached
   */
  void waitFor(String kind, String detail) {
    if (paused.compareTo(bound) >= 0) {
      throw new SchemaFailed(
          "gave up after " + bound.toSeconds() + " s of waiting: " + detail, true);
    }
    if (!kind.equals(last)) {
      LOG.infof("Schema change waits: %s", detail);
      last = kind;
    }
    pause(detail);
  }

  private void pause(String detail) {
    Duration pause =
        Duration.ofMillis(ThreadLocalRandom.current().nextLong(pauseMs / 2, pauseMs + 1));
    paused = paused.plus(pause);
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SchemaFailed("interrupted while it waited: " + detail, true);
    }
    pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS);
  }
}
