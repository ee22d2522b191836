package io.zerodowntime.db;

import java.time.Duration;
import java.util.Optional;

/**
 * How far one replica is.
 *
 * @param replica host and port
 * @param problem why it cannot be read from, whatever its lag is; empty if it can
 * @param lag what it shows is at most so old; empty if that is not known
 * @param replayed the position that it has replayed, as a number; empty with a problem
 */
public record ReplicaReading(
    String replica, Optional<String> problem, Optional<Duration> lag, Optional<Long> replayed) {

  /** Whether it has replayed a position of the primary's log, for example {@code 0/3000148}. */
  public boolean hasReplayed(String lsn) {
    String[] halves = lsn.split("/", 2);
    long position = (Long.parseLong(halves[0], 16) << 32) + Long.parseLong(halves[1], 16);
    return replayed.filter(own -> own >= position).isPresent();
  }

  /** Whether it may answer reads. */
  boolean isInRotation(Duration maxLag) {
    return problem.isEmpty() && lag.filter(own -> own.compareTo(maxLag) <= 0).isPresent();
  }

  /** Why it is out of rotation. */
  String reason() {
    return problem.orElseGet(
        () ->
            lag.map(own -> "it is " + own.toMillis() + " ms behind").orElse("its lag is unknown"));
  }
}
