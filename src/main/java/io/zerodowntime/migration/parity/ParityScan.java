package io.zerodowntime.migration.parity;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.backfill.Backfill;
import io.zerodowntime.migration.backfill.BackfillStore;
import io.zerodowntime.migration.backfill.Run;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jboss.logging.Logger;

/** Compares both columns of every row; a completed backfill is always followed by a comparison. */
@ApplicationScoped
public class ParityScan {
  private static final Logger LOG = Logger.getLogger(ParityScan.class);

  private final Migrations migrations;
  private final StateSource states;
  private final Pool pool;
  private final BackfillStore runs;
  private final Backfill backfill;

  ParityScan(
      Migrations migrations, StateSource states, Pool pool, BackfillStore runs, Backfill backfill) {
    this.migrations = migrations;
    this.states = states;
    this.pool = pool;
    this.runs = runs;
    this.backfill = backfill;
  }

  /** Starts a scan; refused outside phases 1 and 2, before the drain, or beside another run. */
  public Uni<Run> start(Migration migration, String requestedBy) {
    return backfill.startParity(migration, backfill.defaultLimits(), requestedBy);
  }

  /**
   * Looks for a backfill that no scan has followed yet. The state decides, not an event, so that a
   * crash between the two loses nothing.
   */
  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> follow() {
    return migrations.each(this::follow);
  }

  /** Starts the scan of one migration if its last run is a complete backfill of this epoch. */
  public Uni<Void> follow(Migration migration) {
    return Uni.combine()
        .all()
        .unis(states.state(pool, migration), runs.runs(migration, 1))
        .asTuple()
        .chain(
            found ->
                due(found.getItem1(), found.getItem2())
                    ? follow(migration, found.getItem2().get(0))
                    : Uni.createFrom().voidItem());
  }

  /** Another instance may be first, or a step may come: the next look sees what is due then. */
  private Uni<Void> follow(Migration migration, Run last) {
    return start(migration, "run " + last.id())
        .replaceWithVoid()
        .onFailure(Refused.class)
        .invoke(refused -> LOG.debugf("%s: %s", migration.name(), refused.getMessage()))
        .onFailure(Refused.class)
        .recoverWithNull();
  }

  private static boolean due(MigrationState state, List<Run> last) {
    return state.drained()
        && last.stream()
            .anyMatch(
                run ->
                    run.kind() != RunKind.PARITY
                        && run.state().equals("complete")
                        && run.epoch() == state.epoch());
  }
}
