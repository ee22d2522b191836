package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** One condition of a step. A gate that cannot find out is closed. */
interface Gate {

  /** The name that operators and metrics see. */
  String name();

  /** Judges; a failure counts as closed. */
  Uni<Verdict> ask(GateContext context);

  /** The verdict of a gate that needs nothing but the context. */
  default Uni<Verdict> verdict(boolean open, String reason, String remedy) {
    return Uni.createFrom()
        .item(open ? Verdict.open(name(), reason) : Verdict.closed(name(), reason, remedy));
  }
}
