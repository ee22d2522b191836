package io.zerodowntime.migration.status;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.Gatekeeper;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.GracePeriod;
import io.zerodowntime.migration.phase.Instances;
import io.zerodowntime.platform.DatabasePools;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The phase, who asks for what, and which gates stand before the next step. */
@ApplicationScoped
class PhaseView {
  private final Pool pool;
  private final StateSource states;
  private final Instances instances;
  private final GracePeriod grace;
  private final Gatekeeper gates;

  PhaseView(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      StateSource states,
      Instances instances,
      GracePeriod grace,
      Gatekeeper gates) {
    this.pool = pool;
    this.states = states;
    this.instances = instances;
    this.grace = grace;
    this.gates = gates;
  }

  Uni<Seen> look(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state -> instances.live(pool, migration).chain(live -> look(migration, state, live)));
  }

  private Uni<Seen> look(Migration migration, MigrationState state, List<LiveInstance> live) {
    boolean over = state.contractedAt().isPresent();
    Optional<Step> next = next(state.phase(), live);
    Uni<List<Verdict>> verdicts =
        over ? Uni.createFrom().item(List.of()) : verdicts(migration, state, live, next);
    String name = over ? "none" : next.map(Step::toString).orElse("drop");
    return seen(migration, state, live, name, verdicts);
  }

  private Uni<List<Verdict>> verdicts(
      Migration migration, MigrationState state, List<LiveInstance> live, Optional<Step> next) {
    return next.map(step -> gates.verdicts(pool, migration, state, step, live))
        .orElseGet(() -> gates.dropVerdicts(pool, migration, state, live));
  }

  private Uni<Seen> seen(
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
                new Seen(
                    state, live, next, found, state.drained() ? List.of() : holders, evidence));
  }

  private static Optional<Step> next(Phase effective, List<LiveInstance> live) {
    return wish(live)
        .or(() -> Optional.of(Phase.CONTRACT))
        .flatMap(effective::towards)
        .or(() -> effective.towards(Phase.CONTRACT))
        .map(to -> Step.between(effective, to));
  }

  /** What all ask for; empty if nobody is there, or they disagree. */
  static Optional<Phase> wish(List<LiveInstance> live) {
    List<Phase> wishes = live.stream().map(LiveInstance::requested).distinct().toList();
    return wishes.size() == 1 ? Optional.of(wishes.get(0)) : Optional.empty();
  }

  static Optional<String> disagreement(List<LiveInstance> live) {
    return live.stream().map(LiveInstance::requested).distinct().count() < 2
        ? Optional.empty()
        : Optional.of(
            live.stream()
                .map(i -> i.instance() + " asks for phase " + i.requested())
                .collect(Collectors.joining(", ")));
  }

  record Seen(
      MigrationState state,
      List<LiveInstance> live,
      String nextStep,
      List<Verdict> gates,
      List<GracePeriod.Holder> holders,
      Evidence evidence) {}
}
