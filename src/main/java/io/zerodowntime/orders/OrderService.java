package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.migration.phase.PhaseFence;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Writes of orders: fenced, and done once per idempotency key. */
@Singleton
class OrderService {
  private final OrderMigration migration;
  private final PhaseFence fence;
  private final OrderStore store;
  private final OrderBatcher batcher;
  private final ReplayCache replays;
  private final Duration ttl;

  OrderService(
      OrderMigration migration,
      PhaseFence fence,
      OrderStore store,
      OrderBatcher batcher,
      ReplayCache replays,
      @ConfigProperty(name = "orders.idempotency.ttl") Duration ttl) {
    this.migration = migration;
    this.fence = fence;
    this.store = store;
    this.batcher = batcher;
    this.replays = replays;
    this.ttl = ttl;
  }

  /** Creates an order; the answer's status is 201, or what it was when it is a replay. */
  Uni<WriteResponse> create(NewOrder order, Optional<IdempotencyKey> key) {
    @Nullable IdempotencyClaim claim =
        key.map(each -> claim(each, "POST", "/orders", order.canonical())).orElse(null);
    return answer(claim, phase -> batcher.create(phase, order, claim));
  }

  /** Changes an order's status; fails with a problem (404) if there is no such order. */
  Uni<WriteResponse> update(long id, StatusChange change, Optional<IdempotencyKey> key) {
    @Nullable IdempotencyClaim claim =
        key.map(each -> claim(each, "PATCH", "/orders/" + id, change.status())).orElse(null);
    return answer(claim, phase -> update(phase, id, change, claim));
  }

  private Uni<FencedResult<WriteResponse>> update(
      Phase phase, long id, StatusChange change, @Nullable IdempotencyClaim claim) {
    return (claim == null
            ? store.update(phase, id, change)
            : store.update(phase, id, change, claim))
        .chain(json -> store.answer(json, phase, id, claim));
  }

  private Uni<WriteResponse> answer(
      @Nullable IdempotencyClaim claim,
      Function<Phase, Uni<FencedResult<WriteResponse>>> statement) {
    return replays.answer(claim, () -> sendFenced(claim, statement));
  }

  /** Only a write under a key may be sent again when its outcome is unknown. */
  private Uni<WriteResponse> sendFenced(
      @Nullable IdempotencyClaim claim,
      Function<Phase, Uni<FencedResult<WriteResponse>>> statement) {
    return claim == null
        ? fence.write(migration.status(), statement)
        : fence.repeatableWrite(migration.status(), statement);
  }

  private IdempotencyClaim claim(IdempotencyKey key, String method, String path, String body) {
    return new IdempotencyClaim(key, IdempotencyKey.fingerprint(method, path, body), ttl);
  }
}
