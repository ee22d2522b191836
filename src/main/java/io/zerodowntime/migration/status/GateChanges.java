package io.zerodowntime.migration.status;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationLog;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Logs that a gate of the next step has opened or closed: once, not at each look. */
final class GateChanges {
  private static final Logger LOG = Logger.getLogger(GateChanges.class);

  private final Map<String, Gates> known = new ConcurrentHashMap<>();

  /** Compares with what was seen at the last look, if the next step is still the same one. */
  void look(Migration migration, MigrationStatus.PhaseStatus status) {
    Gates now =
        new Gates(
            status.nextStep(),
            status.gates().stream().collect(Collectors.toMap(Verdict::gate, Verdict::open)));
    Gates before = known.put(migration.name(), now);
    if (before != null && before.step().equals(now.step())) {
      status.gates().stream()
          .filter(gate -> before.open().getOrDefault(gate.gate(), gate.open()) != gate.open())
          .forEach(gate -> announce(migration, status, gate));
    }
  }

  private static void announce(
      Migration migration, MigrationStatus.PhaseStatus status, Verdict gate) {
    MigrationLog.info(
        LOG,
        migration,
        Phase.of(status.effective().phase()),
        status.epoch(),
        "%s: gate %s of step %s is %s: %s"
            .formatted(
                migration.name(),
                gate.gate(),
                status.nextStep(),
                gate.open() ? "open" : "closed",
                gate.reason()));
  }

  private record Gates(String step, Map<String, Boolean> open) {}
}
