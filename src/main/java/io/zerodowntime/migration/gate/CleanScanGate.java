package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;

/**
 * Every row was compared in this epoch, after its drain, all agreed, and no key that was seen to
 * disagree since is unrepaired. Phase 3 leaves one column only: what disagrees then is lost.
 */
final class CleanScanGate implements Gate {

  @Override
  public String name() {
    return "clean-scan";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    Evidence evidence = context.evidence();
    return verdict(
        evidence.scanClean() && !context.state().oldStale(), reason(context), remedy(context));
  }

  private static String reason(GateContext context) {
    String found = context.evidence().scanSummary("no comparison of every row in this epoch");
    return context.state().oldStale() ? "phase 3 left the old column stale; " + found : found;
  }

  private static String remedy(GateContext context) {
    String url = "POST /migrations/" + context.migration().name();
    if (context.state().oldStale()) {
      return url + "/backfill, or run: backfill (in reverse); a comparison follows it";
    }
    if (context.evidence().unrepaired() > 0) {
      return "%s/parity/repair (%s); a comparison follows it"
          .formatted(
              url, ColumnNames.wins(context.migration().authoritative(context.state().phase())));
    }
    return context.evidence().parity().filter(RunEvidence::active).isPresent()
        ? "wait, or run: verify, which works on it too"
        : url + "/parity, or run: verify; it starts once every instance asks for phase 3";
  }
}
