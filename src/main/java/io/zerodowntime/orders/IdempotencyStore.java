package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.platform.Transactions;
import jakarta.inject.Singleton;
import java.time.Duration;

/** The end of keys that nobody will ask for again. */
@Singleton
class IdempotencyStore {
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

  IdempotencyStore(Pool pool, Transactions transactions) {
    this.pool = pool;
    this.transactions = transactions;
  }

  /** Deletes at most {@code limit} keys older than {@code ttl}; gives back how many. */
  Uni<Integer> purge(Duration ttl, int limit) {
    Tuple parameters = Tuple.of((double) ttl.toSeconds(), limit);
    return transactions
        .repeatable(() -> pool.preparedQuery(PURGE).execute(parameters))
        .map(deleted -> deleted.rowCount());
  }
}
