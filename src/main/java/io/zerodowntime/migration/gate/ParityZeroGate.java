package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ColumnNames;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** Both columns of every row were compared after the backfill, and all agreed. */
final class ParityZeroGate implements Gate {

  @Override
  public String name() {
    return "parity-zero";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    if (!context.state().phase().readsNew() || context.state().oldStale()) {
      return judge(context);
    }
    return verdict(true, "the old column is complete", "");
  }

  private Uni<Verdict> judge(GateContext context) {
    Optional<RunEvidence> backfill =
        context.state().phase().readsNew()
            ? context.evidence().reverse()
            : context.evidence().forward();
    boolean clean = context.evidence().parityClean(backfill);
    Phase phase = context.state().phase();
    String url = "/migrations/" + context.migration().name() + "/parity";
    return verdict(
        clean,
        context.evidence().scanSummary("no parity scan in this epoch"),
        "POST %s after a backfill (or run: verify); mismatches: POST %s/repair (%s)"
            .formatted(url, url, ColumnNames.wins(context.migration().authoritative(phase))));
  }
}
