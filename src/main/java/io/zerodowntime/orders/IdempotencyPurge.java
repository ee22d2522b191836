package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Deletes expired keys, in batches small enough that nobody waits for them. */
@Singleton
class IdempotencyPurge {
  private static final Logger LOG = Logger.getLogger(IdempotencyPurge.class);
  private static final int BATCH = 1000;

  private final IdempotencyStore store;
  private final Duration ttl;

  IdempotencyPurge(
      IdempotencyStore store, @ConfigProperty(name = "orders.idempotency.ttl") Duration ttl) {
    this.store = store;
    this.ttl = ttl;
  }

  @Scheduled(every = "1m", delayed = "1m", concurrentExecution = ConcurrentExecution.SKIP)
  Uni<Void> purge() {
    return runOnce()
        .chain(deleted -> deleted == BATCH ? purge() : Uni.createFrom().voidItem())
        .onFailure()
        .invoke(failure -> LOG.warnf("idempotency keys not purged: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /** Deletes one batch; gives back how many keys that were. */
  Uni<Integer> runOnce() {
    return store.purge(ttl, BATCH);
  }
}
