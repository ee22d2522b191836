package io.zerodowntime.migration.schema;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Gatekeeper;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.Instances;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Finds the turns that have come, and where it is allowed to, applies them without being asked. */
@ApplicationScoped
public class SchemaDriver {
  private static final Logger LOG = Logger.getLogger(SchemaDriver.class);

  /** Which turn opens which gate. */
  private static final Map<String, SchemaTurn> OPENS =
      Map.of(
          "new-column", SchemaTurn.RELAX,
          "new-indexes", SchemaTurn.INDEX,
          "old-column-optional", SchemaTurn.ENFORCE,
          "new-column-not-null", SchemaTurn.ENFORCE,
          "new-column-optional", SchemaTurn.RELAX);

  private final Pool pool;
  private final Migrations migrations;
  private final StateSource states;
  private final Instances instances;
  private final Gatekeeper gates;
  private final SchemaChanges changes;
  private final boolean enabled;

  SchemaDriver(
      Pool pool,
      Migrations migrations,
      StateSource states,
      Instances instances,
      Gatekeeper gates,
      SchemaChanges changes,
      MigrationConfig config) {
    this.pool = pool;
    this.migrations = migrations;
    this.states = states;
    this.instances = instances;
    this.gates = gates;
    this.changes = changes;
    this.enabled = config.autoExpand();
  }

  /** The turns that have come by what the database says now, whether or not they are done. */
  public Uni<List<SchemaTurn>> due(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state ->
                Uni.combine()
                    .all()
                    .unis(gates.evidence(pool, migration, state), instances.live(pool, migration))
                    .with(
                        (evidence, live) ->
                            SchemaTurn.due(
                                state,
                                requested(state, live),
                                evidence.forward().filter(RunEvidence::complete).isPresent())));
  }

  /** The most cautious wish: nobody is surprised by a constraint that an earlier phase breaks. */
  private static Phase requested(MigrationState state, List<LiveInstance> live) {
    return live.stream()
        .map(LiveInstance::requested)
        .min(Comparator.comparing(Phase::number))
        .orElse(state.phase());
  }

  @Scheduled(every = "1s", delayed = "2s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> look() {
    if (!enabled) {
      return Uni.createFrom().voidItem();
    }
    return migrations.each(this::look);
  }

  private Uni<Void> look(Migration migration) {
    return Uni.combine()
        .all()
        .unis(due(migration), wanted(migration))
        .asTuple()
        .chain(
            found ->
                Multi.createFrom()
                    .iterable(found.getItem1())
                    .filter(found.getItem2()::contains)
                    .onItem()
                    .transformToUniAndConcatenate(turn -> apply(migration, turn))
                    .collect()
                    .last()
                    .replaceWithVoid());
  }

  private Uni<Void> apply(Migration migration, SchemaTurn turn) {
    return changes
        .apply(migration, turn)
        .invoke(
            report ->
                LOG.infof(
                    "%s: schema turn %s: %s", migration.name(), turn.label(), report.changesets()))
        .replaceWithVoid();
  }

  /** The turns that closed gates of the neighbouring steps wait for. */
  private Uni<Set<SchemaTurn>> wanted(Migration migration) {
    return states
        .state(pool, migration)
        .chain(
            state ->
                Multi.createFrom()
                    .items(neighbours(state.phase()).stream())
                    .onItem()
                    .transformToUniAndConcatenate(
                        step -> gates.verdicts(pool, migration, state, step, List.of()))
                    .collect()
                    .asList()
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
    return List.of(Step.values()).stream().filter(step -> step.from() == phase).toList();
  }
}
