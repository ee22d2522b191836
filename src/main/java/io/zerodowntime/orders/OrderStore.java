package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.Fenced;
import jakarta.inject.Singleton;
import java.util.Map;

/**
 * The writes: one statement each, in one variant per set of columns. Every variant reads the
 * effective phase in its own snapshot, does nothing where that is not the phase it was sent for,
 * and brings it back. The table it writes is locked (ROW EXCLUSIVE) before that snapshot is taken,
 * which the grace period relies on.
 */
@Singleton
class OrderStore {
  static final Map<StatusColumns, String> CREATE =
      StatusColumns.variants(
          """
          WITH state AS (
            SELECT phase FROM migration_state WHERE name = 'orders-status'
          ), created AS (
            INSERT INTO orders (user_id, amount, {columns})
            SELECT $2::bigint, $3::numeric, {values} FROM state WHERE phase = $1::smallint
            RETURNING id, created_at
          )
          SELECT state.phase, {json} AS json FROM state LEFT JOIN created ON true
          """
              .replace("{json}", newOrder()),
          "$4::varchar");

  // a key that is taken makes claim empty, and so the order; a key that somebody is just taking
  // makes it wait for what becomes of that one
  static final Map<StatusColumns, String> CREATE_UNDER_KEY =
      StatusColumns.variants(
          """
          WITH state AS (
            SELECT phase FROM migration_state WHERE name = 'orders-status'
          ), candidate AS (
            SELECT nextval('orders_id_seq') AS id, now() AS created_at
            FROM state WHERE phase = $1::smallint
          ), claim AS (
            INSERT INTO idempotency_key AS held (key, fingerprint, status, response)
            SELECT $5::varchar, $6::bytea, 201, {json} FROM candidate
            ON CONFLICT (key) DO UPDATE
            SET fingerprint = excluded.fingerprint, status = excluded.status,
              response = excluded.response, created_at = excluded.created_at
            WHERE held.created_at < now() - $7::float8 * interval '1 second'
            RETURNING response
          ), created AS (
            INSERT INTO orders (id, user_id, amount, created_at, {columns})
            SELECT id, $2::bigint, $3::numeric, created_at, {values} FROM candidate, claim
          )
          SELECT state.phase, claim.response AS json FROM state LEFT JOIN claim ON true
          """
              .replace("{json}", newOrder()),
          "$4::varchar");

  static final Map<StatusColumns, String> UPDATE =
      StatusColumns.variants(
          """
          WITH state AS (
            SELECT phase FROM migration_state WHERE name = 'orders-status'
          ), updated AS (
            UPDATE orders AS o SET {assignments} FROM state
            WHERE state.phase = $1::smallint AND o.id = $2::bigint
            RETURNING {json} AS json
          )
          SELECT state.phase, updated.json FROM state LEFT JOIN updated ON true
          """
              .replace("{json}", changedOrder()),
          "$3::varchar");

  // the row is locked first: what is stored under the key is then what becomes of the order
  static final Map<StatusColumns, String> UPDATE_UNDER_KEY =
      StatusColumns.variants(
          """
          WITH state AS (
            SELECT phase FROM migration_state WHERE name = 'orders-status'
          ), candidate AS (
            SELECT {json} AS json FROM orders AS o, state
            WHERE state.phase = $1::smallint AND o.id = $2::bigint
            FOR NO KEY UPDATE OF o
          ), claim AS (
            INSERT INTO idempotency_key AS held (key, fingerprint, status, response)
            SELECT $4::varchar, $5::bytea, 200, json FROM candidate
            ON CONFLICT (key) DO UPDATE
            SET fingerprint = excluded.fingerprint, status = excluded.status,
              response = excluded.response, created_at = excluded.created_at
            WHERE held.created_at < now() - $6::float8 * interval '1 second'
            RETURNING response
          ), updated AS (
            UPDATE orders AS o SET {assignments} FROM claim WHERE o.id = $2::bigint
          )
          SELECT state.phase, claim.response AS json FROM state LEFT JOIN claim ON true
          """
              .replace("{json}", changedOrder()),
          "$3::varchar");

  private final Pool pool;

  OrderStore(Pool pool) {
    this.pool = pool;
  }

  private static Fenced<Written> written(RowSet<Row> rows) {
    if (rows.size() == 0) {
      throw new MigrationException.Unknown(OrderMigration.STATUS.name());
    }
    Row row = rows.iterator().next();
    return new Fenced<>(Phase.of(row.getShort(0)), new Written(row.getString(1)));
  }

  Uni<Fenced<Written>> create(Phase phase, NewOrder order) {
    return send(CREATE, phase, parameters(phase, order));
  }

  Uni<Fenced<Written>> create(Phase phase, NewOrder order, KeyClaim claim) {
    return send(CREATE_UNDER_KEY, phase, withClaim(parameters(phase, order), claim));
  }

  Uni<Fenced<Written>> update(Phase phase, long id, StatusChange change) {
    return send(UPDATE, phase, parameters(phase, id, change));
  }

  Uni<Fenced<Written>> update(Phase phase, long id, StatusChange change, KeyClaim claim) {
    return send(UPDATE_UNDER_KEY, phase, withClaim(parameters(phase, id, change), claim));
  }

  private Uni<Fenced<Written>> send(
      Map<StatusColumns, String> variants, Phase phase, Tuple parameters) {
    return pool.preparedQuery(variants.get(StatusColumns.writtenIn(phase)))
        .execute(parameters)
        .map(OrderStore::written);
  }

  private static Tuple parameters(Phase phase, NewOrder order) {
    return Tuple.of((short) phase.number(), order.userId(), order.amount(), order.status());
  }

  private static Tuple parameters(Phase phase, long id, StatusChange change) {
    return Tuple.of((short) phase.number(), id, change.status());
  }

  private static Tuple withClaim(Tuple parameters, KeyClaim claim) {
    return parameters
        .addString(claim.key().value())
        .addValue(Buffer.buffer(claim.fingerprint()))
        .addDouble((double) claim.ttl().toSeconds());
  }

  private static String newOrder() {
    return OrderJson.sql("id", "$2::bigint", "$3::numeric", "$4::varchar", "created_at");
  }

  private static String changedOrder() {
    return OrderJson.sql("o.id", "o.user_id", "o.amount", "$3::varchar", "o.created_at");
  }
}
