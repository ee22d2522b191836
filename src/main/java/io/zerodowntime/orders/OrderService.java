package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrderMigration.STATUS;

import io.quarkus.arc.All;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.Fenced;
import io.zerodowntime.migration.phase.PhaseFence;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Writes of orders: fenced, and done once per idempotency key. */
@Singleton
class OrderService {
  /** An owner of the key can be purged between claim and look; that twice in a row is absurd. */
  private static final int LOOKS = 3;

  private final PhaseFence fence;
  private final OrderStore store;
  private final OrderCreations creations;
  private final IdempotencyStore keys;
  private final List<OrderListener> listeners;
  private final Duration ttl;

  OrderService(
      PhaseFence fence,
      OrderStore store,
      OrderCreations creations,
      IdempotencyStore keys,
      @All List<OrderListener> listeners,
      @ConfigProperty(name = "orders.idempotency.ttl") Duration ttl) {
    this.fence = fence;
    this.store = store;
    this.creations = creations;
    this.keys = keys;
    this.listeners = listeners;
    this.ttl = ttl;
  }

  /** Creates an order; the answer's status is 201, or what it was when it is a replay. */
  Uni<Answer> create(NewOrder order, Optional<IdempotencyKey> key) {
    Uni<Answer> answer =
        key.isEmpty()
            ? fence
                .write(STATUS, phase -> creations.create(phase, order))
                .map(written -> new Answer(201, written.json(), false))
            : createUnder(claim(key.get(), "POST", "/orders", order.canonical()), order);
    return answer.invoke(this::told);
  }

  private Uni<Answer> createUnder(KeyClaim claim, NewOrder order) {
    return onceUnder(claim, 201, phase -> creations.create(phase, order, claim), LOOKS)
        .map(answer -> answer.orElseThrow(OrderProblems::keyBusy));
  }

  /** Changes an order's status; empty if there is no such order. */
  Uni<Optional<Answer>> update(long id, StatusChange change, Optional<IdempotencyKey> key) {
    if (key.isEmpty()) {
      return fence
          .write(STATUS, phase -> store.update(phase, id, change))
          .map(written -> Optional.ofNullable(written.json()))
          .map(json -> json.map(text -> new Answer(200, text, false)));
    }
    KeyClaim claim = claim(key.get(), "PATCH", "/orders/" + id, change.status());
    return onceUnder(claim, 200, phase -> store.update(phase, id, change, claim), 1)
        .invoke(answer -> answer.ifPresent(this::told));
  }

  private Uni<Optional<Answer>> onceUnder(
      KeyClaim claim, int status, Function<Phase, Uni<Fenced<Written>>> statement, int looks) {
    return fence
        .repeatableWrite(STATUS, statement)
        .chain(
            written ->
                written.json() != null
                    ? Uni.createFrom().item(Optional.of(new Answer(status, written.json(), false)))
                    : replay(claim)
                        .chain(
                            kept ->
                                kept.isPresent() || looks == 1
                                    ? Uni.createFrom().item(kept)
                                    : onceUnder(claim, status, statement, looks - 1)));
  }

  private Uni<Optional<Answer>> replay(KeyClaim claim) {
    return keys.find(claim).map(kept -> kept.map(OrderService::replayed));
  }

  private static Answer replayed(IdempotencyStore.Kept kept) {
    if (!kept.same()) {
      throw OrderProblems.otherRequestUnderKey();
    }
    return new Answer(kept.status(), kept.response(), true);
  }

  private KeyClaim claim(IdempotencyKey key, String method, String path, String body) {
    return new KeyClaim(key, IdempotencyKey.fingerprint(method, path, body), ttl);
  }

  private void told(Answer answer) {
    if (answer.replayed()) {
      listeners.forEach(OrderListener::replayed);
    } else if (answer.status() == 201) {
      listeners.forEach(OrderListener::created);
    }
  }
}
