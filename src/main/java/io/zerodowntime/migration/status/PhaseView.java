package io.zerodowntime.migration.status;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.Fleet;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.GracePeriod;
import io.zerodowntime.migration.phase.Instances;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The phase, who asks for what, and which gates stand before the next step. */
@ApplicationScoped
class PhaseView {
  private final Pool pool;
  private final StateSource states;
  private final Instances instances;
  private final GracePeriod grace;
  private final GateEvaluator gates;
  private final GateTimes times;

  PhaseView(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      StateSource states,
      Instances instances,
      GracePeriod grace,
      GateEvaluator gates,
      GateTimes times) {
    this.pool = pool;
    this.states = states;
    this.instances = instances;
    this.grace = grace;
    this.gates = gates;
    this.times = times;
  }

  Uni<PhaseSnapshot> collect(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state ->
                instances.live(pool, migration).chain(live -> collect(migration, state, live)));
  }

  private Uni<PhaseSnapshot> collect(
      Migration migration, MigrationState state, List<LiveInstance> live) {
    boolean over = state.contractedAt().isPresent();
    Optional<Step> next = next(state.phase(), new Fleet(live));
    Uni<List<Verdict>> verdicts =
        over ? Uni.createFrom().item(List.of()) : verdicts(migration, state, live, next);
    String name = over ? "none" : next.map(Step::toString).orElse("drop");
    return snapshot(migration, state, live, name, verdicts);
  }

  private Uni<List<Verdict>> verdicts(
      Migration migration, MigrationState state, List<LiveInstance> live, Optional<Step> next) {
    return next.map(step -> gates.verdicts(pool, migration, state, step, live))
        .orElseGet(() -> gates.dropVerdicts(pool, migration, state, live));
  }

  private Uni<PhaseSnapshot> snapshot(
      Migration migration,
      MigrationState state,
      List<LiveInstance> live,
      String next,
      Uni<List<Verdict>> verdicts) {
    return Uni.combine()
        .all()
        .unis(verdicts, grace.holders(pool, migration), gates.evidence(pool, migration, state))
        .with(
            (found, holders, evidence) ->
                new PhaseSnapshot(
                    state,
                    live,
                    next,
                    found,
                    times.since(migration.name(), next, found),
                    state.drained() ? List.of() : holders,
                    evidence));
  }

  /** The step that the fleet wants, else the next one forward; empty if only the drop is left. */
  private static Optional<Step> next(Phase effective, Fleet fleet) {
    return fleet
        .step(effective)
        .or(() -> effective.towards(Phase.CONTRACT).map(to -> Step.between(effective, to)));
  }

  record PhaseSnapshot(
      MigrationState state,
      List<LiveInstance> live,
      String nextStep,
      List<Verdict> gates,
      Map<String, OffsetDateTime> gatesSince,
      List<GracePeriod.Holder> holders,
      Evidence evidence) {}
}
