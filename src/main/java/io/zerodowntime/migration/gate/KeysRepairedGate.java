package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;

/** No key whose columns were seen to disagree is left: the drop would make its value final. */
final class KeysRepairedGate implements Gate {

  @Override
  public String name() {
    return "keys-repaired";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    long unrepaired = context.evidence().unrepaired();
    String url = "POST /migrations/" + context.migration().name();
    return verdict(
        unrepaired == 0,
        unrepaired + " keys unrepaired",
        context.state().phase() == Phase.CONTRACT
            ? "go back to phase 2; there " + url + "/backfill (in reverse); a comparison follows it"
            : url + "/parity/repair; a comparison follows it");
  }
}
