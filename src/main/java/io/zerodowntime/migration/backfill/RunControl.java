package io.zerodowntime.migration.backfill;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.ActionLog;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.RunState;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What an operator can do to the active run. The change and its line in the history are one
 * transaction; each call fails with {@link Refused} if there is no run that it can change.
 */
@ApplicationScoped
public class RunControl {
  private final Transactions transactions;
  private final ActionLog actions;

  RunControl(@Identifier(DatabasePools.CONTROL) Transactions transactions, ActionLog actions) {
    this.transactions = transactions;
    this.actions = actions;
  }

  /** Stops the run after the batches in flight; refused if no run is running. */
  public Uni<Void> pause(Migration migration, Actor who) {
    return change(migration, who, "backfill pause", RunState.PAUSED, RunState.RUNNING);
  }

  /** Goes on where each range's cursor stands; refused if no run is paused. */
  public Uni<Void> resume(Migration migration, Actor who) {
    return change(migration, who, "backfill resume", RunState.RUNNING, RunState.PAUSED);
  }

  /** Ends the run for good; what it wrote stays, and is right. Refused if no run is active. */
  public Uni<Void> cancel(Migration migration, Actor who) {
    return change(
        migration, who, "backfill cancel", RunState.CANCELLED, RunState.RUNNING, RunState.PAUSED);
  }

  private Uni<Void> change(
      Migration migration, Actor who, String action, RunState to, RunState... from) {
    return withActive(
        migration,
        (transaction, run) ->
            BackfillStore.setState(transaction, run.id(), to, from)
                .invoke(
                    changed ->
                        require(changed, "no run of " + migration.name() + " can be " + to.label()))
                .chain(() -> record(transaction, migration, who, action, run, new JsonObject())));
  }

  /** Changes the limits of the active run, from its next batch on. */
  public Uni<Void> limit(Migration migration, UnaryOperator<Run.Limits> change, Actor who) {
    return withActive(
        migration,
        (transaction, run) -> {
          Run.Limits limits = change.apply(run.limits());
          return BackfillStore.setLimits(transaction, run.id(), limits)
              .invoke(changed -> require(changed, "no run of " + migration.name() + " is active"))
              .chain(
                  () -> record(transaction, migration, who, "backfill limits", run, limits.json()));
        });
  }

  private interface Work {
    Uni<Void> apply(SqlConnection transaction, Run run);
  }

  private Uni<Void> withActive(Migration migration, Work work) {
    return transactions.inTransaction(
        transaction ->
            BackfillStore.runs(transaction, List.of(migration), 1)
                .map(
                    runs ->
                        runs.stream()
                            .filter(Run::active)
                            .findFirst()
                            .orElseThrow(
                                () -> new Refused("no run of " + migration.name() + " is active")))
                .chain(run -> work.apply(transaction, run)));
  }

  private Uni<Void> record(
      SqlConnection transaction,
      Migration migration,
      Actor who,
      String action,
      Run run,
      JsonObject parameters) {
    return actions.record(
        transaction, migration.name(), who, new ActionLog.Action(action, run.id(), parameters));
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new Refused(otherwise);
    }
  }
}
