package io.zerodowntime.migration.status;

import io.zerodowntime.migration.Verdict;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Remembers since when each gate of a migration's step has been open or closed, as this process saw
 * it: the times begin with its first look at the step. Holds one step of each migration.
 */
@ApplicationScoped
class GateTimes {
  private final Map<String, Seen> last = new ConcurrentHashMap<>();

  /**
   * Takes what the gates say now.
   *
   * @param step the step that they stand before; another one than before begins anew
   * @return for each gate, when it was first seen as it is now
   */
  Map<String, OffsetDateTime> since(String migration, String step, List<Verdict> gates) {
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
    Seen seen =
        last.compute(
            migration,
            (name, before) ->
                before != null && before.step().equals(step)
                    ? before.with(gates, now)
                    : new Seen(step, Map.of()).with(gates, now));
    Map<String, OffsetDateTime> times = new LinkedHashMap<>();
    seen.gates().forEach((gate, time) -> times.put(gate, time.since()));
    return times;
  }

  private record Seen(String step, Map<String, Since> gates) {
    Seen with(List<Verdict> now, OffsetDateTime at) {
      Map<String, Since> times = new LinkedHashMap<>();
      for (Verdict gate : now) {
        Since before = gates.get(gate.gate());
        times.put(
            gate.gate(),
            before != null && before.open() == gate.open() ? before : new Since(gate.open(), at));
      }
      return new Seen(step, times);
    }
  }

  private record Since(boolean open, OffsetDateTime since) {}
}
