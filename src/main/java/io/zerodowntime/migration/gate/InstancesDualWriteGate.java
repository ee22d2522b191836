package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Verdict;
import java.util.List;

/** No live instance runs a version that cannot write by the rule of phase 1. */
final class InstancesDualWriteGate implements Gate {

  @Override
  public String name() {
    return "instances-dual-write";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    List<String> unable =
        context.live().stream()
            .filter(instance -> instance.writesUpTo().number() < Phase.DUAL_WRITE.number())
            .map(LiveInstance::instance)
            .toList();
    return verdict(
        unable.isEmpty(),
        unable.isEmpty()
            ? "all " + context.live().size() + " live instances can dual-write"
            : "these cannot dual-write: " + String.join(", ", unable),
        "finish the rollout of the version that dual-writes");
  }
}
