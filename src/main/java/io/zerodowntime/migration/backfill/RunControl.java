package io.zerodowntime.migration.backfill;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.ActionLog;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.OperatorAction;
import io.zerodowntime.migration.RunState;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What an operator can do to the active run. The change and its line in the history are one
 * transaction; each call fails with {@link Refused} if there is no run that it can change.
 */
@ApplicationScoped
public class RunControl {
  /** With the types of its parameters: guessed at, they fail, and with them the transaction. */
  private static final String SET_STATE =
      """
      UPDATE backfill_run
      SET state = $2::varchar, finished_at = CASE WHEN $2::varchar = 'cancelled' THEN now() END
      WHERE id = $1 AND state = ANY ($3::varchar[])
      """;

  private static final String SET_LIMITS =
      """
      UPDATE backfill_run SET batch_size = $2, delay_ms = $3, target_load = $4
      WHERE id = $1 AND state IN ('running', 'paused')
      """;

  private final Transactions transactions;
  private final ActionLog actions;

  RunControl(@Identifier(DatabasePools.CONTROL) Transactions transactions, ActionLog actions) {
    this.transactions = transactions;
    this.actions = actions;
  }

  /** Stops the run after the batches in flight; refused if no run is running. */
  public Uni<Void> pause(Migration migration, Actor who) {
    return change(migration, who, OperatorAction.BACKFILL_PAUSE, RunState.PAUSED, RunState.RUNNING);
  }

  /** Goes on where each range's cursor stands; refused if no run is paused. */
  public Uni<Void> resume(Migration migration, Actor who) {
    return change(
        migration, who, OperatorAction.BACKFILL_RESUME, RunState.RUNNING, RunState.PAUSED);
  }

  /** Ends the run for good; what it wrote stays, and is right. Refused if no run is active. */
  public Uni<Void> cancel(Migration migration, Actor who) {
    return change(
        migration,
        who,
        OperatorAction.BACKFILL_CANCEL,
        RunState.CANCELLED,
        RunState.RUNNING,
        RunState.PAUSED);
  }

  private Uni<Void> change(
      Migration migration, Actor who, OperatorAction action, RunState to, RunState... from) {
    return withActive(
        migration,
        (transaction, run) ->
            setState(transaction, run.id(), to, from)
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
          return setLimits(transaction, run.id(), limits)
              .invoke(changed -> require(changed, "no run of " + migration.name() + " is active"))
              .chain(
                  () ->
                      record(
                          transaction,
                          migration,
                          who,
                          OperatorAction.BACKFILL_LIMITS,
                          run,
                          limits.json()));
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

  /** Changes the state if it is one of {@code from}; false if it is not. */
  private static Uni<Boolean> setState(
      SqlConnection transaction, long id, RunState to, RunState... from) {
    return transaction
        .preparedQuery(SET_STATE)
        .execute(
            Tuple.of(id, to.label(), Stream.of(from).map(RunState::label).toArray(String[]::new)))
        .map(updated -> updated.rowCount() == 1);
  }

  /** Changes the limits of an active run; false if it is not active. */
  private static Uni<Boolean> setLimits(SqlConnection transaction, long id, Run.Limits limits) {
    return transaction
        .preparedQuery(SET_LIMITS)
        .execute(
            Tuple.of(
                id,
                limits.batchSize(),
                (int) limits.delay().toMillis(),
                (float) limits.targetLoad()))
        .map(updated -> updated.rowCount() == 1);
  }

  private Uni<Void> record(
      SqlConnection transaction,
      Migration migration,
      Actor who,
      OperatorAction action,
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
