package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Evidence.ShadowEvidence;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;

/**
 * Live reads compared both columns over the soak window, and all agreed. Where no code of this
 * program compares reads, as in a controller, the comparison of every row is all there is.
 */
final class ShadowCleanGate implements Gate {

  @Override
  public String name() {
    return "shadow-clean";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    ShadowEvidence shadow = context.evidence().shadow();
    String found =
        "%d reads agreed, %d did not, %d failed"
            .formatted(shadow.matches(), shadow.mismatches(), shadow.errors());
    if (shadow.mismatches() + shadow.errors() > 0) {
      return verdict(
          false, found, "find the writer from outside; repair, then wait for the window");
    }
    if (!context.readsCompared() && shadow.matches() == 0) {
      return verdict(true, "no code of this program compares reads of it", "");
    }
    if (shadow.matches() == 0 && !context.soak().isZero()) {
      boolean stale = context.state().phase() == Phase.READ_NEW && context.state().oldStale();
      return verdict(
          false,
          "no read was compared in the window",
          stale
              ? "POST /migrations/%s/backfill: reads count once the old column is refilled"
                  .formatted(context.migration().name())
              : "raise SHADOW_SAMPLE");
    }
    return verdict(true, found, "");
  }
}
