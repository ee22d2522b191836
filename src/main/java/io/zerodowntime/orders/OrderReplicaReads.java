package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.Replica;
import io.zerodowntime.db.ReplicaAnswer;
import io.zerodowntime.db.ReplicaReads;
import io.zerodowntime.db.ReplicaReads.Route;
import io.zerodowntime.db.ReplicaRows;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.db.WritePosition;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.migration.phase.PhaseFence;
import io.zerodowntime.tracing.Trace;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Reads of orders on replicas. Value and phase come from one snapshot of the replica, as on the
 * primary, so a replica that is behind shows what was right then.
 */
@Singleton
class OrderReplicaReads {
  private final OrderMigration migration;
  private final PhaseFence fence;
  private final ReplicaReads replicas;
  private final boolean sharing;
  private final Duration deadline;
  private final Map<String, ReplicaLookupBatcher> lookups = new ConcurrentHashMap<>();

  OrderReplicaReads(
      OrderMigration migration,
      PhaseFence fence,
      ReplicaReads replicas,
      @ConfigProperty(name = "orders.sharing.enabled") boolean sharing,
      @ConfigProperty(name = "orders.sharing.deadline") Duration deadline) {
    this.migration = migration;
    this.fence = fence;
    this.replicas = replicas;
    this.sharing = sharing;
    this.deadline = deadline;
  }

  /** Whether there are replicas to read from. */
  boolean enabled() {
    return replicas.enabled();
  }

  /**
   * The order's JSON. An order that a replica does not have may be a new one, so the primary is
   * asked before it is said that there is none.
   */
  Uni<Optional<String>> find(long id, Supplier<Uni<Optional<String>>> onPrimary) {
    return replicas.read(
        (replica, asked) ->
            fence.readOnReplica(
                migration.status(),
                replica.name(),
                phase -> lookups(replica).find(phase, id, asked)),
        onPrimary);
  }

  private ReplicaLookupBatcher lookups(Replica replica) {
    return lookups.computeIfAbsent(
        replica.name(), name -> new ReplicaLookupBatcher(replica, sharing, deadline));
  }

  @Scheduled(every = "${zerodowntime.replicas-look:off}")
  void expire() {
    lookups.values().forEach(ReplicaLookupBatcher::expire);
  }

  /** A page of orders. */
  Uni<OrderPage> page(OrderQuery query, Supplier<Uni<OrderPage>> onPrimary) {
    return replicas.read(
        (replica, asked) ->
            fence.readOnReplica(
                migration.status(), replica.name(), phase -> page(replica, asked, phase, query)),
        onPrimary);
  }

  private static Uni<FencedResult<ReplicaAnswer<OrderPage>>> page(
      Replica replica, @Nullable WritePosition asked, Phase phase, OrderQuery query) {
    String sql = OrderReadStore.pageSql(query, phase.readsNew());
    return Trace.during(
            RequestDeadline.statement("list orders on replica"),
            replica.query(
                Stream.ofNullable(asked).toList(), sql, OrderReadStore.pageParameters(query)))
        .map(rows -> page(rows, asked, query));
  }

  private static FencedResult<ReplicaAnswer<OrderPage>> page(
      ReplicaRows rows, @Nullable WritePosition asked, OrderQuery query) {
    FencedResult<OrderPage> page = OrderReadStore.fencedPage(rows.rows(), query);
    return new FencedResult<>(
        page.phase(),
        rows.show(asked) ? ReplicaAnswer.found(page.found()) : ReplicaAnswer.behind());
  }

  /** A read that compares both columns: what it finds is evidence, and the primary gives it. */
  <T> Uni<T> compared(Supplier<Uni<T>> onPrimary) {
    return replicas.primary(Route.COMPARISON, onPrimary);
  }
}
