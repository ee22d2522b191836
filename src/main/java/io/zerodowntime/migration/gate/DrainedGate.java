package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** No transaction that could have acted on an earlier phase is still running. */
final class DrainedGate implements Gate {

  @Override
  public String name() {
    return "drained";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    boolean drained = context.state().drained();
    return verdict(
        drained,
        drained
            ? "epoch " + context.state().epoch() + " is drained"
            : "transactions that began before this epoch are still running: "
                + context.state().draining().map(String::valueOf).orElse("not yet counted"),
        "wait, or end the sessions that the status lists under gracePeriod");
  }
}
