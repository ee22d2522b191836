package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;

/** The old column, stale since phase 3, was refilled over the whole table. */
final class ReverseBackfillCompleteGate implements Gate {

  @Override
  public String name() {
    return "reverse-backfill-complete";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    if (!context.state().oldStale()) {
      return verdict(true, "the old column is complete", "");
    }
    return verdict(
        context.evidence().reverse().filter(RunEvidence::complete).isPresent(),
        context
            .evidence()
            .reverse()
            .map(RunEvidence::summary)
            .orElse("phase 3 left the old column stale, and no reverse backfill ran in this epoch"),
        "POST /migrations/" + context.migration().name() + "/backfill, or run: backfill");
  }
}
