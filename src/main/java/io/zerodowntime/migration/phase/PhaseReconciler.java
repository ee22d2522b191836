package io.zerodowntime.migration.phase;

import io.quarkus.arc.All;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Brings the effective phase nearer to what the whole fleet asks for: one step at a time, only when
 * every gate of it is open, by one instance at a time.
 */
@ApplicationScoped
public class PhaseReconciler {
  private static final Logger LOG = Logger.getLogger(PhaseReconciler.class);

  private final Transactions transactions;
  private final PhaseStore store;
  private final Instances instances;
  private final GracePeriod grace;
  private final GateEvaluator gates;
  private final List<MigrationListener> listeners;

  PhaseReconciler(
      @Identifier(DatabasePools.CONTROL) Transactions transactions,
      PhaseStore store,
      Instances instances,
      GracePeriod grace,
      GateEvaluator gates,
      @All List<MigrationListener> listeners) {
    this.transactions = transactions;
    this.store = store;
    this.instances = instances;
    this.grace = grace;
    this.gates = gates;
    this.listeners = listeners;
  }

  /**
   * Lists or narrows the grace period, or takes one step, whichever is next.
   *
   * @return whether something moved, so that a further call can find more to do
   */
  public Uni<Boolean> runOnce(Migration migration) {
    return transactions
        .inTransaction(transaction -> locked(transaction, migration))
        .invoke(result -> announce(migration, result))
        .map(result -> result.drained().isPresent() || result.step().isPresent());
  }

  private Uni<Reconciliation> locked(SqlConnection transaction, Migration migration) {
    return store
        .tryLock(transaction, migration)
        .chain(
            mine ->
                mine
                    ? store
                        .state(transaction, migration)
                        .chain(state -> reconcile(transaction, migration, state))
                    : Uni.createFrom().item(Reconciliation.NOTHING));
  }

  private Uni<Reconciliation> reconcile(
      SqlConnection transaction, Migration migration, MigrationState state) {
    Uni<Optional<Duration>> drained =
        state.drained()
            ? Uni.createFrom().item(Optional.empty())
            : grace.advance(transaction, migration, state);
    return drained.chain(
        over ->
            over.isPresent()
                ? Uni.createFrom().item(new Reconciliation(state.epoch(), over, Optional.empty()))
                : step(transaction, migration, state));
  }

  private Uni<Reconciliation> step(
      SqlConnection transaction, Migration migration, MigrationState state) {
    return instances
        .fleet(transaction, migration)
        .chain(
            fleet ->
                fleet
                    .step(state.phase())
                    .map(step -> attempt(transaction, migration, state, step, fleet.live()))
                    .orElseGet(() -> Uni.createFrom().item(Reconciliation.NOTHING)));
  }

  private Uni<Reconciliation> attempt(
      SqlConnection transaction,
      Migration migration,
      MigrationState state,
      Step step,
      List<LiveInstance> live) {
    return gates
        .verdicts(transaction, migration, state, step, live)
        .chain(
            verdicts ->
                verdicts.stream().allMatch(Verdict::open)
                    ? store
                        .step(transaction, state, step, entry(verdicts, live))
                        .map(
                            taken ->
                                taken
                                    ? new Reconciliation(
                                        state.epoch(), Optional.empty(), Optional.of(step))
                                    : Reconciliation.NOTHING)
                    : Uni.createFrom().item(Reconciliation.NOTHING));
  }

  private PhaseStore.HistoryEntry entry(List<Verdict> verdicts, List<LiveInstance> live) {
    JsonArray gates = new JsonArray();
    verdicts.forEach(v -> gates.add(JsonObject.of("gate", v.gate(), "found", v.reason())));
    JsonArray asked = new JsonArray();
    live.forEach(i -> asked.add(i.instance()));
    return new PhaseStore.HistoryEntry(
        "step",
        instances.self(),
        "every live instance asked for it",
        JsonObject.of("gates", gates, "instances", asked),
        Optional.empty());
  }

  private void announce(Migration migration, Reconciliation result) {
    result
        .drained()
        .ifPresent(
            took -> {
              LOG.infof(
                  "%s: epoch %d drained after %d ms",
                  migration.name(), result.epoch(), took.toMillis());
              listeners.forEach(l -> l.onDrained(migration, result.epoch(), took));
            });
    result
        .step()
        .ifPresent(
            step -> {
              long epoch = result.epoch() + 1;
              LOG.infof(
                  "%s: step %s, phase %s, epoch %d", migration.name(), step, step.to(), epoch);
            });
  }

  private record Reconciliation(long epoch, Optional<Duration> drained, Optional<Step> step) {
    static final Reconciliation NOTHING = new Reconciliation(0, Optional.empty(), Optional.empty());
  }
}
