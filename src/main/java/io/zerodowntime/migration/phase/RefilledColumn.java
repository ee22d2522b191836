package io.zerodowntime.migration.phase;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.RunCompletion;
import io.zerodowntime.migration.RunKind;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Ends the staleness that phase 3 left in the old column, in the transaction that proves its end: a
 * clean comparison of every row after a reverse backfill, both of a drained phase 2. Every later
 * write of that phase fills both columns, so the old one stays complete until the next phase 3.
 */
@ApplicationScoped
class RefilledColumn implements RunCompletion {
  private final PhaseStore store;
  private final GateEvaluator gates;

  RefilledColumn(PhaseStore store, GateEvaluator gates) {
    this.store = store;
    this.gates = gates;
  }

  @Override
  public Uni<Void> completed(SqlConnection transaction, Migration migration, RunKind kind) {
    return kind == RunKind.PARITY
        ? store
            .state(transaction, migration)
            .chain(
                state ->
                    isStale(state)
                        ? judge(transaction, migration, state)
                        : Uni.createFrom().voidItem())
        : Uni.createFrom().voidItem();
  }

  private static boolean isStale(MigrationState state) {
    return state.oldStale() && state.phase() == Phase.READ_NEW && state.drained();
  }

  private Uni<Void> judge(SqlConnection transaction, Migration migration, MigrationState state) {
    return gates
        .evidence(transaction, migration, state)
        .chain(
            evidence ->
                isRefilled(evidence)
                    ? store.refilled(transaction, state)
                    : Uni.createFrom().voidItem());
  }

  private static boolean isRefilled(Evidence evidence) {
    return evidence.parityClean(evidence.reverse());
  }
}
