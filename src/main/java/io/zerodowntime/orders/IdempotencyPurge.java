package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.Transactions;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Deletes expired keys, in batches small enough that no client waits for them. */
@Singleton
class IdempotencyPurge {
  private static final Logger LOG = Logger.getLogger(IdempotencyPurge.class);
  private static final int BATCH = 1000;

  /** One instance at a time, until its transaction ends; the others get nothing to do. */
  private static final String PURGE =
      """
      WITH turn AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended('zerodowntime/idempotency', 0)) AS mine
      )
      DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
        SELECT k.ctid FROM idempotency_key AS k
        WHERE (SELECT mine FROM turn) AND k.created_at < now() - $1::float8 * interval '1 second'
        LIMIT $2::integer
        FOR UPDATE SKIP LOCKED))
      """;

  private final Pool pool;
  private final Transactions transactions;
  private final OrderMigration migration;
  private final Duration ttl;

  IdempotencyPurge(
      Pool pool,
      Transactions transactions,
      OrderMigration migration,
      @ConfigProperty(name = "orders.idempotency.ttl") Duration ttl) {
    this.pool = pool;
    this.transactions = transactions;
    this.migration = migration;
    this.ttl = ttl;
  }

  @Scheduled(every = "1m", delayed = "1m", concurrentExecution = ConcurrentExecution.SKIP)
  Uni<Void> purge() {
    if (!migration.isDefined()) {
      return Uni.createFrom().voidItem();
    }
    return runOnce()
        .chain(deleted -> deleted == BATCH ? purge() : Uni.createFrom().voidItem())
        .onFailure()
        .invoke(failure -> LOG.warnf("idempotency keys not purged: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /** Deletes one batch; gives back how many keys that were. */
  Uni<Integer> runOnce() {
    Tuple parameters = Tuple.of((double) ttl.toSeconds(), BATCH);
    return transactions
        .repeatable(() -> pool.preparedQuery(PURGE).execute(parameters))
        .map(deleted -> deleted.rowCount());
  }
}
