package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.pgclient.PgException;
import io.zerodowntime.db.FailureKind;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.ShadowReadListener;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.migration.phase.PhaseFence;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Reads of orders: from the authoritative column, now and then compared with the other one. */
@Singleton
class OrderQueryService {
  private final OrderMigration migration;
  private final PhaseFence fence;
  private final OrderReadStore readStore;
  private final OrderLookupBatcher lookups;
  private final OrderReplicaReads replicas;
  private final Transactions transactions;
  private final Instance<ShadowReadListener> sinks;
  private final double sample;

  OrderQueryService(
      OrderMigration migration,
      PhaseFence fence,
      OrderReadStore readStore,
      OrderLookupBatcher lookups,
      OrderReplicaReads replicas,
      Transactions transactions,
      Instance<ShadowReadListener> sinks,
      MigrationConfig config) {
    this.migration = migration;
    this.fence = fence;
    this.readStore = readStore;
    this.lookups = lookups;
    this.replicas = replicas;
    this.transactions = transactions;
    this.sinks = sinks;
    this.sample = config.shadowSample();
  }

  /** An order's JSON; empty if there is none. */
  Uni<Optional<String>> find(long id) {
    boolean sampled = sample > 0 && ThreadLocalRandom.current().nextDouble() < sample;
    if (!replicas.enabled()) {
      return onPrimary(id, sampled);
    }
    return sampled
        ? replicas.compared(() -> onPrimary(id, true))
        : replicas.find(id, () -> onPrimary(id, false));
  }

  private Uni<Optional<String>> onPrimary(long id, boolean sampled) {
    return fence.read(
        migration.status(), phase -> sampled ? sampled(phase, id) : lookups.find(phase, id));
  }

  private Uni<FencedResult<Optional<String>>> sampled(Phase phase, long id) {
    return phase.writesOld() && phase.writesNew()
        ? readStore
            .compare(phase, id)
            .invoke(answer -> hand(id, answer.found()))
            .map(answer -> new FencedResult<>(answer.phase(), answer.found().json()))
            .onFailure(OrderQueryService::isOfTheComparison)
            .recoverWithUni(failure -> uncompared(phase, id, failure))
        : lookups.find(phase, id);
  }

  /** Not a change of the phase, nor a database that is away: those fail a plain read as well. */
  private static boolean isOfTheComparison(Throwable failure) {
    return failure instanceof PgException && FailureKind.of(failure) == FailureKind.FINAL;
  }

  /** The client gets its order; the failure counts once the order could be read without it. */
  private Uni<FencedResult<Optional<String>>> uncompared(Phase phase, long id, Throwable failure) {
    return readStore
        .findInEpoch(phase, id)
        .invoke(
            answer ->
                sinks.forEach(s -> s.failed(migration.status(), answer.found().epoch(), failure)))
        .map(answer -> new FencedResult<>(answer.phase(), answer.found().json()));
  }

  private void hand(long id, ComparedOrder row) {
    Phase phase = row.epoch().phase();
    if (row.json().isPresent() && phase.writesOld() && phase.writesNew()) {
      sinks.forEach(
          sink ->
              sink.compared(
                  migration.status(),
                  row.epoch(),
                  Long.toString(id),
                  row.match(),
                  row.oldValue(),
                  row.newValue()));
    }
  }

  /** A page of orders. */
  Uni<OrderPage> page(OrderQuery query) {
    return replicas.enabled() ? replicas.page(query, () -> onPrimary(query)) : onPrimary(query);
  }

  private Uni<OrderPage> onPrimary(OrderQuery query) {
    return fence.read(migration.status(), phase -> readStore.page(phase, query));
  }

  /** Both columns of one order; empty if there is none, 409 if there is only one column. */
  Uni<Optional<ShadowComparison>> shadow(long id) {
    return transactions
        .repeatable(() -> readStore.shadow(id))
        .onFailure(OrderQueryService::stale)
        .retry()
        .atMost(1)
        .onFailure(OrderQueryService::stale)
        .recoverWithUni(() -> oneColumn(id));
  }

  private Uni<Optional<ShadowComparison>> oneColumn(long id) {
    return fence
        .read(
            migration.status(),
            phase ->
                readStore.find(phase, id).map(row -> new FencedResult<>(row.phase(), row.phase())))
        .map(
            phase -> {
              throw phase.readsNew()
                  ? OrderProblems.oldColumnDropped()
                  : OrderProblems.noNewColumnYet();
            });
  }

  private static boolean stale(Throwable failure) {
    return FailureKind.of(failure) == FailureKind.STALE;
  }
}
