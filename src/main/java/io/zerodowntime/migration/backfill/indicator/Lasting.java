package io.zerodowntime.migration.backfill.indicator;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Since when something has been so, by a name. Forgets what is not so any more. */
final class Lasting {
  private final Map<String, Long> since = new HashMap<>();

  /** How long it has been so; zero at first, and if it is not so. */
  Duration of(String name, boolean so, long nanos) {
    if (!so) {
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
