package io.zerodowntime.migration.backfill.indicator;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Since when conditions hold, by their names. Forgets those that hold no longer. */
final class Lasting {
  private final Map<String, Long> since = new HashMap<>();

  /** How long the condition has held; zero at first, and while it does not hold. */
  Duration of(String name, boolean holds, long nanos) {
    if (!holds) {
      since.remove(name);
      return Duration.ZERO;
    }
    return Duration.ofNanos(nanos - since.computeIfAbsent(name, begun -> nanos));
  }

  /** As {@link #of}, of one name only: it forgets all others. */
  Duration only(String name, long nanos) {
    since.keySet().retainAll(Set.of(name));
    return of(name, true, nanos);
  }
}
