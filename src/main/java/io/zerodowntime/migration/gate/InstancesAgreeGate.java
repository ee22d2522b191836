package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;
import java.util.List;

/** Every live instance asks for phase 3; no instance is about to go back. */
final class InstancesAgreeGate implements Gate {

  @Override
  public String name() {
    return "instances-agree";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    List<String> others =
        context.live().stream()
            .filter(instance -> instance.requested() != Phase.CONTRACT)
            .map(LiveInstance::instance)
            .toList();
    return verdict(
        context.state().phase() == Phase.CONTRACT && others.isEmpty(),
        context.state().phase() != Phase.CONTRACT
            ? "the effective phase is " + context.state().phase()
            : others.isEmpty()
                ? "phase 3 is in force and no instance asks for another"
                : "these ask for another phase: " + String.join(", ", others),
        "set the flags of phase 3 everywhere");
  }
}
