package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;

/** The new column was filled over the whole table after the drain of this epoch. */
final class BackfillCompleteGate implements Gate {

  @Override
  public String name() {
    return "backfill-complete";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return verdict(
        context.evidence().forward().filter(RunEvidence::complete).isPresent(),
        context.evidence().forward().map(RunEvidence::summary).orElse("no backfill in this epoch"),
        "POST /migrations/" + context.migration().name() + "/backfill, or run: backfill");
  }
}
