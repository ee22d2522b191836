package io.zerodowntime.orders;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.migration.Phase;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Creates several orders with one statement: what {@link OrderStore} does for one of them. */
@Singleton
class OrderBatchStore {
  /*
   * Keys are claimed in their order, so two groups never wait for each other in a circle; and a
   * group does not wait long for a key that another session takes: it fails, and each of its
   * orders goes alone.
   */
  static final Map<StatusColumns, String> CREATE =
      StatusColumns.variants(
          """
          WITH state AS (
            SELECT set_config('lock_timeout', '100ms', true)
            FROM migration_state WHERE name = 'orders-status' AND phase = $1::smallint
              AND {isolated}
          ), candidate AS (
            SELECT c.*, {json} AS json FROM (
              SELECT asked.*, nextval('orders_id_seq') AS id, now() AS created_at
              FROM state, unnest($2::bigint[], $3::text[]::numeric[], $4::varchar[],
                $5::varchar[], $6::bytea[]) WITH ORDINALITY
                AS asked (user_id, amount, status, key, fingerprint, n)) AS c
          ), claim AS (
            INSERT INTO idempotency_key AS held (key, fingerprint, status, response)
            SELECT key, fingerprint, 201, json FROM candidate WHERE key IS NOT NULL ORDER BY key
            ON CONFLICT (key) DO UPDATE
            SET fingerprint = excluded.fingerprint, status = excluded.status,
              response = excluded.response, created_at = excluded.created_at
            WHERE held.created_at < now() - $7::float8 * interval '1 second'
            RETURNING key
          ), granted AS (
            SELECT c.* FROM candidate AS c LEFT JOIN claim USING (key)
            WHERE c.key IS NULL OR claim.key IS NOT NULL
          ), created AS (
            INSERT INTO orders (id, user_id, amount, created_at, {columns})
            SELECT id, user_id, amount, created_at, {values} FROM granted
          )
          SELECT n, json FROM granted
          """
              .replace("{json}", OrderJson.sql("id", "user_id", "amount", "status", "created_at")),
          "granted.status");

  private final Pool pool;

  OrderBatchStore(@Identifier(DatabasePools.ORDERS) Pool pool) {
    this.pool = pool;
  }

  private static List<String> written(RowSet<Row> rows, int size) {
    String[] json = new String[size];
    for (Row row : rows) {
      json[row.getLong(0).intValue() - 1] = row.getString(1);
    }
    return Arrays.asList(json);
  }

  /**
   * Creates all of them or, where it fails, none.
   *
   * @param creations of one phase and no two of one key
   * @param requests to be told when they are sent
   * @return the JSON of each, in the same order; null where nothing was written
   */
  Uni<List<String>> create(List<OrderCreation> creations, WriteRequests requests) {
    Phase phase = creations.get(0).phase();
    return requests.send(
        pool,
        "create orders",
        StatusColumns.variant(CREATE, phase),
        parameters(phase, creations),
        rows -> written(rows, creations.size()));
  }

  private static Tuple parameters(Phase phase, List<OrderCreation> creations) {
    return Tuple.tuple()
        .addShort((short) phase.number())
        .addArrayOfLong(array(creations, each -> each.order().userId(), Long[]::new))
        .addArrayOfString(
            array(creations, each -> each.order().amount().toPlainString(), String[]::new))
        .addArrayOfString(array(creations, each -> each.order().status(), String[]::new))
        .addArrayOfString(array(creations, OrderCreation::key, String[]::new))
        .addValue(array(creations, OrderBatchStore::fingerprint, Buffer[]::new))
        .addDouble((double) ttl(creations).toSeconds());
  }

  private static @Nullable Buffer fingerprint(OrderCreation creation) {
    return creation.claim() == null ? null : Buffer.buffer(creation.claim().fingerprint());
  }

  /** One setting for all keys; of no use where no order has one. */
  private static Duration ttl(List<OrderCreation> creations) {
    return creations.stream()
        .map(OrderCreation::claim)
        .filter(Objects::nonNull)
        .findFirst()
        .map(IdempotencyClaim::ttl)
        .orElse(Duration.ZERO);
  }

  private static <T> T[] array(
      List<OrderCreation> creations, Function<OrderCreation, T> value, IntFunction<T[]> array) {
    return creations.stream().map(value).toArray(array);
  }
}
