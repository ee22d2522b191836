package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** The phase has lasted long enough for trouble to show. */
final class SoakGate implements Gate {

  @Override
  public String name() {
    return "soak";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    boolean soaked = context.evidence().lasted().compareTo(context.soak()) >= 0;
    return verdict(
        soaked,
        "in this phase for "
            + context.evidence().lasted().toSeconds()
            + " s of "
            + context.soak().toSeconds()
            + " s",
        "wait; MIGRATION_SOAK sets the time");
  }
}
