package io.zerodowntime.migration.schema;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Fleet;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.Instances;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds the stages that are due, and those that closed gates wait for. */
@ApplicationScoped
public class DueStages {
  /** Which stage opens which gate. */
  private static final Map<String, SchemaStage> OPENS =
      Map.of(
          "new-column", SchemaStage.RELAX,
          "new-indexes", SchemaStage.INDEX,
          "old-column-optional", SchemaStage.ENFORCE,
          "new-column-not-null", SchemaStage.ENFORCE,
          "new-column-optional", SchemaStage.RELAX);

  private final Pool pool;
  private final StateSource states;
  private final Instances instances;
  private final GateEvaluator gates;

  DueStages(Pool pool, StateSource states, Instances instances, GateEvaluator gates) {
    this.pool = pool;
    this.states = states;
    this.instances = instances;
    this.gates = gates;
  }

  /**
   * The stages that are due by what the database says now, whether or not they are done. The lowest
   * request counts: no client is surprised by a constraint that an earlier phase breaks.
   */
  public Uni<List<SchemaStage>> of(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state ->
                Uni.combine()
                    .all()
                    .unis(gates.evidence(pool, migration, state), instances.live(pool, migration))
                    .with(
                        (evidence, live) ->
                            SchemaStage.due(
                                state,
                                new Fleet(live).lowest().orElse(state.phase()),
                                evidence.forward().filter(RunEvidence::complete).isPresent())));
  }

  /** The stages that closed gates of the neighbouring steps wait for. */
  Uni<Set<SchemaStage>> wanted(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state ->
                Sequential.map(
                        neighbours(state.phase()),
                        step -> gates.verdicts(pool, migration, state, step, List.of()))
                    .map(
                        all ->
                            all.stream()
                                .flatMap(List::stream)
                                .filter(verdict -> !verdict.open())
                                .map(Verdict::gate)
                                .filter(OPENS::containsKey)
                                .map(OPENS::get)
                                .collect(Collectors.toSet())));
  }

  private static List<Step> neighbours(Phase phase) {
    return Arrays.stream(Step.values()).filter(step -> step.from() == phase).toList();
  }
}
