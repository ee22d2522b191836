package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Verdict;

/** PostgreSQL takes both expressions, and real rows come back through them as they were. */
final class DefinitionGate implements Gate {

  @Override
  public String name() {
    return DefinitionCheck.NAME;
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    return context.definitions().verdict(context.migration());
  }
}
