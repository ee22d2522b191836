package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** Both columns of every row were compared after the backfill, and all agreed. */
final class ParityZero implements Gate {

  @Override
  public String name() {
    return "parity-zero";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    if (!context.state().phase().readsNew() || context.state().oldStale()) {
      return judge(context);
    }
    return verdict(true, "the old column was written all the time", "");
  }

  private Uni<Verdict> judge(GateContext context) {
    Optional<RunEvidence> backfill =
        context.state().phase().readsNew()
            ? context.evidence().reverse()
            : context.evidence().forward();
    boolean clean = context.evidence().parityClean(backfill);
    String url = "/migrations/" + context.migration().name() + "/parity";
    return verdict(
        clean,
        context
            .evidence()
            .parity()
            .map(
                scan ->
                    "scan %d is %s: %d rows, %d mismatches, %d keys unrepaired"
                        .formatted(
                            scan.id(),
                            scan.state(),
                            scan.scanned(),
                            scan.mismatched(),
                            context.evidence().unrepaired()))
            .orElse("no parity scan in this epoch"),
        "POST " + url + " after a backfill (or run: verify); mismatches: POST " + url + "/repair");
  }
}
