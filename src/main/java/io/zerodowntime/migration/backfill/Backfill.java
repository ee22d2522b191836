package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.ActionLog;
import io.zerodowntime.migration.Actor;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationState;
import io.zerodowntime.migration.OperatorAction;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.StateSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Starts runs, where the protocol does not forbid it. */
@ApplicationScoped
public class Backfill {
  /** Ranges of a table; a partitioned one has at least one for each of its partitions. */
  static final int MAX_RANGES = 64;

  private static final String UNIQUE_VIOLATION = "23505";

  private final Transactions transactions;
  private final StateSource states;
  private final BackfillStore store;
  private final GateEvaluator gates;
  private final ActionLog actions;
  private final Run.Limits limits;
  private final Duration snapshotLimit;

  Backfill(
      Transactions transactions,
      StateSource states,
      BackfillStore store,
      GateEvaluator gates,
      ActionLog actions,
      MigrationConfig config) {
    this.transactions = transactions;
    this.states = states;
    this.store = store;
    this.gates = gates;
    this.actions = actions;
    this.limits =
        new Run.Limits(
            config.backfill().batchSize(),
            config.backfill().delay(),
            config.backfill().targetLoad());
    this.snapshotLimit = config.backfill().snapshotLimit();
  }

  /** The limits of a run that asks for no others. */
  public Run.Limits defaultLimits(Migration migration) {
    return new Run.Limits(
        migration.options().batchSize().orElse(limits.batchSize()),
        limits.delay(),
        migration.options().targetLoad().orElse(limits.targetLoad()));
  }

  /**
   * Starts the backfill that the phase allows: forward in phase 1, reverse in phase 2.
   *
   * @return the run; fails with {@link Refused} in any other phase, before the epoch is drained,
   *     while another run is active, or where the key does not give every row one place
   */
  public Uni<Run> start(Migration migration, Run.Limits limits, Actor requestedBy) {
    return begin(migration, Backfill::direction, limits, requestedBy, OperatorAction.BACKFILL);
  }

  /** Starts a comparison of the whole table; refused where the columns are expected to differ. */
  public Uni<Run> startParity(Migration migration, Run.Limits limits, Actor requestedBy) {
    return begin(migration, Backfill::parity, limits, requestedBy, OperatorAction.PARITY);
  }

  /** Starts a backfill of every row, as a repair of more keys than one can name. */
  Uni<Run> startRepair(Migration migration, Actor requestedBy) {
    return begin(
        migration,
        Backfill::direction,
        defaultLimits(migration),
        requestedBy,
        OperatorAction.REPAIR);
  }

  /** Starts a backfill of these keys only, from the authoritative column. */
  public Uni<Run> startRepair(Migration migration, List<String> keys, Actor requestedBy) {
    List<KeyRanges.Range> ranges =
        keys.stream().map(k -> new KeyRanges.Range(k, Optional.empty(), k)).toList();
    return guarded(
        migration,
        (transaction, key) ->
            states
                .state(transaction, migration)
                .chain(
                    state ->
                        insert(
                            transaction,
                            migration,
                            state,
                            direction(state),
                            new RunPlan(false, false, key.isNew(), keys.size(), 0, ranges),
                            defaultLimits(migration),
                            requestedBy,
                            OperatorAction.REPAIR)));
  }

  private Uni<Run> begin(
      Migration migration,
      Chooser chooser,
      Run.Limits limits,
      Actor requestedBy,
      OperatorAction action) {
    return guarded(
        migration,
        (transaction, key) ->
            states
                .state(transaction, migration)
                .chain(
                    state -> {
                      RunKind kind = chooser.choose(state);
                      return plan(transaction, key, kind, limits)
                          .chain(
                              plan ->
                                  insert(
                                      transaction,
                                      migration,
                                      state,
                                      kind,
                                      plan,
                                      limits,
                                      requestedBy,
                                      action));
                    }));
  }

  private Uni<RunPlan> plan(
      SqlConnection transaction, KeySql key, RunKind kind, Run.Limits limits) {
    return kind == RunKind.PARITY
        ? SnapshotStore.fits(transaction, key.migration(), limits, snapshotLimit)
            .chain(fits -> plan(transaction, key, limits, fits))
        : plan(transaction, key, limits, false);
  }

  /** What is in a snapshot has one range, which is there for its counts. */
  static Uni<RunPlan> plan(
      SqlConnection transaction, KeySql key, Run.Limits limits, boolean snapshot) {
    return Leaves.of(transaction, key.migration())
        .chain(
            leaves ->
                leaves.isEmpty() || snapshot
                    ? ofTable(transaction, key, limits, snapshot)
                    : LeafRanges.cut(transaction, key, leaves, MAX_RANGES, limits.batchSize())
                        .map(ranges -> ofLeaves(key, leaves, ranges)));
  }

  /** What was inserted into each of them before is kept with its first range. */
  private static RunPlan ofLeaves(KeySql key, List<Leaf> leaves, List<KeyRanges.Range> ranges) {
    long rows = leaves.stream().mapToLong(Leaf::rows).sum();
    return new RunPlan(true, false, key.isNew(), rows, 0, ranges);
  }

  private static Uni<RunPlan> ofTable(
      SqlConnection transaction, KeySql key, Run.Limits limits, boolean snapshot) {
    return TableCount.inserts(transaction, key.migration())
        .chain(
            inserts ->
                KeyRanges.estimate(transaction, key.migration())
                    .chain(
                        rows ->
                            KeyRanges.cut(transaction, key, snapshot ? 1 : ranges(rows, limits))
                                .map(
                                    ranges ->
                                        new RunPlan(
                                            true,
                                            snapshot && !ranges.isEmpty(),
                                            key.isNew(),
                                            rows,
                                            inserts,
                                            ranges))));
  }

  private static int ranges(long rows, Run.Limits limits) {
    return (int) Math.max(1, Math.min(MAX_RANGES, rows / limits.batchSize()));
  }

  private Uni<Run> insert(
      SqlConnection transaction,
      Migration migration,
      MigrationState state,
      RunKind kind,
      RunPlan plan,
      Run.Limits limits,
      Actor requestedBy,
      OperatorAction action) {
    return store
        .ended(transaction, migration.name())
        .chain(() -> store.insert(transaction, state, kind, plan, limits, requestedBy.subject()))
        .call(
            run ->
                actions.record(
                    transaction,
                    migration.name(),
                    requestedBy,
                    new ActionLog.Action(action, run, parameters(limits, plan))))
        .chain(() -> BackfillStore.runs(transaction, List.of(migration), 1))
        .map(runs -> runs.get(0));
  }

  /** A repair of some keys says how many, and no row beside them is read. */
  private static JsonObject parameters(Run.Limits limits, RunPlan plan) {
    JsonObject parameters = limits.json();
    return plan.wholeTable() ? parameters : parameters.put("keys", plan.ranges().size());
  }

  private interface Work {
    Uni<Run> apply(SqlConnection transaction, KeySql key);
  }

  private Uni<Run> guarded(Migration migration, Work work) {
    return transactions
        .inTransaction(
            transaction ->
                RunKey.choose(gates, transaction, migration)
                    .chain(key -> work.apply(transaction, key)))
        .onFailure(Backfill::isSecondRun)
        .transform(
            failure ->
                new Refused("a run of " + migration.name() + " is active: cancel or await it"));
  }

  private static boolean isSecondRun(Throwable failure) {
    return failure instanceof PgException refused && UNIQUE_VIOLATION.equals(refused.getSqlState());
  }

  private interface Chooser {
    RunKind choose(MigrationState state);
  }

  private static RunKind direction(MigrationState state) {
    if (state.phase() == Phase.EXPAND) {
      throw new Refused(
          "backfill needs phase 1: until every write goes to both columns, rows behind the cursor"
              + " would be lost; set DUAL_WRITE and WRITE_TO_NEW first");
    }
    if (state.phase() == Phase.CONTRACT) {
      throw new Refused(
          "phase 3 no longer writes the old column: go back to phase 2 for a reverse backfill");
    }
    requireDrained(state);
    return state.phase().readsNew() ? RunKind.REVERSE : RunKind.FORWARD;
  }

  private static RunKind parity(MigrationState state) {
    if (!(state.phase().writesOld() && state.phase().writesNew())) {
      throw new Refused(
          "parity needs phase 1 or 2: in phase " + state.phase() + " one column is not written");
    }
    requireDrained(state);
    return RunKind.PARITY;
  }

  private static void requireDrained(MigrationState state) {
    if (!state.drained()) {
      throw new Refused(
          "epoch "
              + state.epoch()
              + " is not drained: a write by the rule before may still commit;"
              + " the status says who holds the grace period");
    }
  }
}
