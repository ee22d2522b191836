package io.zerodowntime.migration.phase;

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
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.tracing.Trace;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Brings the effective phase nearer to what the whole fleet asks for: one step at a time, only when
 * every gate of it is open, by one instance at a time.
 */
@ApplicationScoped
public class PhaseReconciler {
  private final Transactions transactions;
  private final PhaseStore store;
  private final Instances instances;
  private final GracePeriod grace;
  private final GateEvaluator gates;
  private final StepSignals signals;

  PhaseReconciler(
      @Identifier(DatabasePools.CONTROL) Transactions transactions,
      PhaseStore store,
      Instances instances,
      GracePeriod grace,
      GateEvaluator gates,
      StepSignals signals) {
    this.transactions = transactions;
    this.store = store;
    this.instances = instances;
    this.grace = grace;
    this.gates = gates;
    this.signals = signals;
  }

  /**
   * Lists or narrows the grace period, or takes one step, whichever is next.
   *
   * @return whether something moved, so that a further call can find more to do
   */
  public Uni<Boolean> runOnce(Migration migration) {
    return transactions
        .inTransaction(transaction -> locked(transaction, migration))
        .invoke(result -> result.announce(signals, migration))
        .map(result -> result != Reconciliation.NOTHING);
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
                    : nothing());
  }

  private static Uni<Reconciliation> nothing() {
    return Uni.createFrom().item(Reconciliation.NOTHING);
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
                ? drained(transaction, state, over.get())
                : step(transaction, migration, state));
  }

  /** The transaction that ends the grace period finds out which trace that belongs to. */
  private Uni<Reconciliation> drained(
      SqlConnection transaction, MigrationState state, Duration took) {
    return signals.isTraced()
        ? store
            .stepTrace(transaction, state)
            .map(trace -> new Reconciliation.Drained(state, took, trace.orElse(null)))
        : Uni.createFrom().item(new Reconciliation.Drained(state, took, null));
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
                    .orElseGet(PhaseReconciler::nothing));
  }

  private Uni<Reconciliation> attempt(
      SqlConnection transaction,
      Migration migration,
      MigrationState state,
      Step step,
      List<LiveInstance> live) {
    Trace trace = signals.attempt();
    return gates
        .verdicts(transaction, migration, state, step, live, trace)
        .chain(
            verdicts ->
                verdicts.stream().allMatch(Verdict::open)
                    ? store
                        .step(transaction, state, step, entry(verdicts, live, trace))
                        .map(
                            taken ->
                                taken
                                    ? new Reconciliation.Stepped(step, state.epoch() + 1, trace)
                                    : Reconciliation.NOTHING)
                    : nothing());
  }

  private PhaseStore.HistoryEntry entry(
      List<Verdict> verdicts, List<LiveInstance> live, @Nullable Trace trace) {
    JsonArray gates = new JsonArray();
    verdicts.forEach(v -> gates.add(JsonObject.of("gate", v.gate(), "found", v.reason())));
    JsonArray asked = new JsonArray();
    live.forEach(i -> asked.add(i.instance()));
    JsonObject evidence = JsonObject.of("gates", gates, "instances", asked);
    if (trace != null && trace.isSampled()) {
      evidence.put("traceparent", trace.traceparent());
    }
    return new PhaseStore.HistoryEntry(
        HistoryKind.STEP,
        instances.self(),
        "every live instance asked for it",
        evidence,
        Optional.empty());
  }

  /** What one call has moved. */
  private sealed interface Reconciliation {
    Reconciliation NOTHING = new Nothing();

    void announce(StepSignals signals, Migration migration);

    record Nothing() implements Reconciliation {
      @Override
      public void announce(StepSignals signals, Migration migration) {}
    }

    record Drained(MigrationState state, Duration took, @Nullable String traceparent)
        implements Reconciliation {
      @Override
      public void announce(StepSignals signals, Migration migration) {
        signals.drained(migration, state, took, traceparent);
      }
    }

    record Stepped(Step step, long epoch, @Nullable Trace trace) implements Reconciliation {
      @Override
      public void announce(StepSignals signals, Migration migration) {
        signals.stepped(migration, step, epoch, trace);
      }
    }
  }
}
