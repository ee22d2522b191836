package io.zerodowntime.migration.backfill;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.FleetSource;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Compares both columns of every row. Two comparisons start without an operator: the one that
 * follows a completed backfill, and the one that the step from phase 2 to 3 needs. The latter waits
 * until the whole fleet asks for phase 3: a scan at the end of the stay in phase 2 finds what a
 * writer from outside did during it, and a fleet that goes back to phase 1 never pays for one.
 */
@ApplicationScoped
public class ParityScan {
  private static final Logger LOG = Logger.getLogger(ParityScan.class);

  private final Migrations migrations;
  private final StateSource states;
  private final Pool pool;
  private final BackfillStore runs;
  private final Backfill backfill;
  private final FleetSource fleets;

  ParityScan(
      Migrations migrations,
      StateSource states,
      FleetSource fleets,
      Pool pool,
      BackfillStore runs,
      Backfill backfill) {
    this.migrations = migrations;
    this.states = states;
    this.fleets = fleets;
    this.pool = pool;
    this.runs = runs;
    this.backfill = backfill;
  }

  /** Starts a scan; refused outside phases 1 and 2, before the drain, or beside another run. */
  public Uni<Run> start(Migration migration, Actor requestedBy) {
    return backfill.startParity(migration, backfill.defaultLimits(migration), requestedBy);
  }

  /**
   * Looks for a scan that is due. The state decides, not an event, so that a crash loses nothing.
   */
  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> follow() {
    return migrations.together(this::follow);
  }

  /** Starts the scan of one migration if it is due. */
  public Uni<Void> follow(Migration migration) {
    return follow(List.of(migration));
  }

  private Uni<Void> follow(List<Migration> all) {
    return Uni.combine()
        .all()
        .unis(states.states(pool, all), runs.lastRuns(all))
        .asTuple()
        .chain(
            found ->
                Migrations.oneByOne(
                    all,
                    each ->
                        Optional.ofNullable(found.getItem1().get(each.name()))
                            .map(state -> follow(each, state, here(state, found.getItem2())))
                            .orElseGet(() -> Uni.createFrom().voidItem())));
  }

  private Uni<Void> follow(Migration migration, MigrationState state, Optional<Run> last) {
    if (!state.drained()) {
      return Uni.createFrom().voidItem();
    }
    if (last.isPresent()) {
      return last.filter(ParityScan::isFilled)
          .map(run -> begin(migration, "run " + run.id()))
          .orElseGet(() -> Uni.createFrom().voidItem());
    }
    return state.phase() == Phase.READ_NEW && !state.oldStale()
        ? beforeContract(migration)
        : Uni.createFrom().voidItem();
  }

  /** A stay in phase 2 without any run; one that was cancelled or found something is a run. */
  private Uni<Void> beforeContract(Migration migration) {
    return fleets
        .fleet(pool, migration)
        .chain(
            fleet ->
                fleet.step(Phase.READ_NEW).filter(Step.READ_NEW_TO_CONTRACT::equals).isPresent()
                    ? begin(migration, "the step " + Step.READ_NEW_TO_CONTRACT)
                    : Uni.createFrom().voidItem());
  }

  /** Another instance may be first, or a step may come: the next look sees what is due then. */
  private Uni<Void> begin(Migration migration, String requestedBy) {
    return start(migration, Actor.engine(requestedBy))
        .replaceWithVoid()
        .onFailure(Refused.class)
        .invoke(refused -> LOG.debugf("%s: %s", migration.name(), refused.getMessage()))
        .onFailure(Refused.class)
        .recoverWithNull();
  }

  private static Optional<Run> here(MigrationState state, List<Run> last) {
    return last.stream()
        .filter(run -> run.migration().equals(state.name()) && run.epoch() == state.epoch())
        .findFirst();
  }

  private static boolean isFilled(Run run) {
    return run.kind() != RunKind.PARITY && run.state() == RunState.COMPLETE;
  }
}
