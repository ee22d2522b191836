package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.db.StatementBatcher;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.http.HttpProblems;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Creates orders, several in one commit where several come at once. */
@Singleton
class OrderBatcher implements StatementBatcher.Writes<OrderCreation, String> {
  /*
   * Measured with 64 clients on 2 cores (bench/run.sh post): one lane takes the least CPU an order,
   * four the most orders a second, as one statement's wait for the disk is another one's work.
   */
  static final int LANES = 4;

  private static final int ORDERS = 64;
  private static final int BYTES = 64 * 1024;

  /** Numbers beside a creation's texts: user, amount, fingerprint. */
  private static final int NUMBERS = 64;

  private final OrderStore store;
  private final OrderBatchStore batchStore;
  private final OrderMetrics metrics;
  private final boolean sharing;
  private final StatementBatcher<OrderCreation, String> batcher;

  OrderBatcher(
      OrderStore store,
      OrderBatchStore batchStore,
      OrderMetrics metrics,
      @ConfigProperty(name = "orders.sharing.enabled") boolean sharing,
      @ConfigProperty(name = "orders.sharing.deadline") Duration deadline) {
    this.store = store;
    this.batchStore = batchStore;
    this.metrics = metrics;
    this.sharing = sharing;
    this.batcher =
        new StatementBatcher<>(
            this,
            new StatementBatcher.Bounds(LANES, ORDERS, BYTES, deadline),
            () -> new ProblemException(HttpProblems.overloaded()),
            System::nanoTime);
  }

  /**
   * Creates an order.
   *
   * @param phase the phase to write for
   * @param claim null for an order without an idempotency key
   */
  Uni<FencedResult<WriteResponse>> create(
      Phase phase, NewOrder order, @Nullable IdempotencyClaim claim) {
    OrderCreation creation = new OrderCreation(phase, order, claim);
    return (sharing ? batcher.write(creation) : sendOne(creation, WriteRequests.current()))
        .chain(json -> store.answer(json, phase, null, claim));
  }

  /** How many orders wait for a lane. */
  int waiting() {
    return batcher.waiting();
  }

  @Scheduled(every = "1s")
  void expire() {
    batcher.expire();
  }

  @Override
  public Object batchKey(OrderCreation creation) {
    return creation.phase();
  }

  @Override
  public @Nullable Object conflictKey(OrderCreation creation) {
    return creation.key();
  }

  @Override
  public int bytes(OrderCreation creation) {
    String key = creation.key();
    return NUMBERS + (key == null ? 0 : key.length()) + creation.order().status().length();
  }

  @Override
  public Uni<String> sendOne(OrderCreation creation, WriteRequests requests) {
    return creation.claim() == null
        ? store.create(creation.phase(), creation.order(), requests)
        : store.create(creation.phase(), creation.order(), creation.claim(), requests);
  }

  @Override
  public Uni<List<String>> sendBatch(List<OrderCreation> creations, WriteRequests requests) {
    metrics.grouped(creations.size());
    return batchStore.create(creations, requests);
  }
}
