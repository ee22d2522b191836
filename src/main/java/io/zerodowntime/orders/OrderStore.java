package io.zerodowntime.orders;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.db.Transactions;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.tracing.Trace;
import jakarta.inject.Singleton;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The writes: one statement each, in one variant per set of columns. Every variant reads the
 * effective phase in its own snapshot, and does nothing where that is not the phase it was sent
 * for. The table it writes is locked (ROW EXCLUSIVE) before that snapshot is taken, which the grace
 * period relies on. A write that brings no row did nothing; {@link #answer} finds out why.
 *
 * <p>The fence is a plain join, and the phase is not brought back: that would take a CTE and an
 * outer join more, and twice the time (docs/performance.md).
 */
@Singleton
class OrderStore {
  static final Map<StatusColumns, String> CREATE =
      StatusColumns.variants(
          """
          INSERT INTO orders (user_id, amount, {columns})
          SELECT $2::bigint, $3::numeric, {values}
          FROM migration_state WHERE name = 'orders-status' AND phase = $1::smallint AND {isolated}
          RETURNING {json} AS json
          """
              .replace("{json}", newOrder()),
          "$4::varchar");

  // a key that is taken makes claim empty, and so the order; a key that another session takes
  // makes it wait for what becomes of that one
  static final Map<StatusColumns, String> CREATE_UNDER_KEY =
      StatusColumns.variants(
          """
          WITH candidate AS (
            SELECT nextval('orders_id_seq') AS id, now() AS created_at
            FROM migration_state WHERE name = 'orders-status' AND phase = $1::smallint
              AND {isolated}
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
          SELECT response AS json FROM claim
          """
              .replace("{json}", newOrder()),
          "$4::varchar");

  static final Map<StatusColumns, String> UPDATE =
      StatusColumns.variants(
          """
          UPDATE orders AS o SET {assignments} FROM migration_state AS state
          WHERE state.name = 'orders-status' AND state.phase = $1::smallint
            AND {isolated} AND o.id = $2::bigint
          RETURNING {json} AS json
          """
              .replace("{json}", changedOrder()),
          "$3::varchar");

  // the row is locked first: what is stored under the key is then what becomes of the order
  static final Map<StatusColumns, String> UPDATE_UNDER_KEY =
      StatusColumns.variants(
          """
          WITH candidate AS (
            SELECT {json} AS json FROM orders AS o, migration_state AS state
            WHERE state.name = 'orders-status' AND state.phase = $1::smallint AND {isolated}
              AND o.id = $2::bigint
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
          SELECT response AS json FROM claim
          """
              .replace("{json}", changedOrder()),
          "$3::varchar");

  // one snapshot for all that can be the reason
  private static final String UNWRITTEN =
      """
      SELECT state.phase, o.id IS NOT NULL AS there, k.key IS NOT NULL AS kept,
        k.fingerprint = $3::bytea AS same, k.status, k.response, k.created_at
      FROM migration_state AS state
      LEFT JOIN orders AS o ON o.id = $1::bigint
      LEFT JOIN idempotency_key AS k
        ON k.key = $2::varchar AND k.created_at >= now() - $4::float8 * interval '1 second'
      WHERE state.name = 'orders-status'
      """;

  private final Pool orders;
  private final Pool rows;
  private final Transactions transactions;

  OrderStore(
      @Identifier(DatabasePools.ORDERS) Pool orders,
      @Identifier(DatabasePools.ROWS) Pool rows,
      Transactions transactions) {
    this.orders = orders;
    this.rows = rows;
    this.transactions = transactions;
  }

  private static FencedResult<WriteResponse> explainNoRow(
      RowSet<Row> rows, Phase sent, boolean update) {
    if (rows.size() == 0) {
      throw new MigrationException.Unknown(OrderMigration.NAME);
    }
    Row row = rows.iterator().next();
    Phase phase = Phase.of(row.getShort("phase"));
    if (phase == sent && row.getBoolean("kept")) {
      return new FencedResult<>(phase, replay(row));
    }
    if (phase == sent && update && !row.getBoolean("there")) {
      throw OrderProblems.noSuchOrder();
    }
    return new FencedResult<>(phase, null);
  }

  private static WriteResponse replay(Row row) {
    if (!row.getBoolean("same")) {
      throw OrderProblems.otherRequestUnderKey();
    }
    return WriteResponse.replay(
        row.getInteger("status"),
        row.getString("response"),
        row.getOffsetDateTime("created_at").toInstant());
  }

  /** Creates an order; its JSON, or null if nothing was written. */
  Uni<String> create(Phase phase, NewOrder order, WriteRequests requests) {
    return send(orders, "create order", CREATE, phase, parameters(phase, order), requests);
  }

  /** Creates an order unless its key is taken; its JSON, or null if nothing was written. */
  Uni<String> create(Phase phase, NewOrder order, IdempotencyClaim claim, WriteRequests requests) {
    Tuple parameters = withClaim(parameters(phase, order), claim);
    return send(orders, "create order", CREATE_UNDER_KEY, phase, parameters, requests);
  }

  /** Changes an order; its JSON as it is then, or null if nothing was written. */
  Uni<String> update(Phase phase, long id, StatusChange change) {
    return send(
        rows,
        "change order",
        UPDATE,
        phase,
        parameters(phase, id, change),
        WriteRequests.current());
  }

  /** Changes an order unless the key is taken; its JSON, or null if nothing was written. */
  Uni<String> update(Phase phase, long id, StatusChange change, IdempotencyClaim claim) {
    Tuple parameters = withClaim(parameters(phase, id, change), claim);
    return send(rows, "change order", UPDATE_UNDER_KEY, phase, parameters, WriteRequests.current());
  }

  /**
   * What to answer to a write. Where it did nothing, that depends on why: another phase is in
   * force; its key is taken, then the answer is a replay; or there is no such order. If none of
   * these holds any more, the write is to be sent again: the value is null.
   *
   * @param json what it wrote; null if it did nothing
   * @param sent the phase that the write was sent for
   * @param id the order to be changed; null if one was to be created
   * @param claim null for a write without a key
   */
  Uni<FencedResult<WriteResponse>> answer(
      @Nullable String json, Phase sent, @Nullable Long id, @Nullable IdempotencyClaim claim) {
    return json == null
        ? unwritten(sent, id, claim)
        : Uni.createFrom()
            .item(new FencedResult<>(sent, WriteResponse.done(id == null ? 201 : 200, json)));
  }

  private Uni<FencedResult<WriteResponse>> unwritten(
      Phase sent, @Nullable Long id, @Nullable IdempotencyClaim claim) {
    Tuple parameters = Tuple.of(id);
    if (claim == null) {
      parameters.addString(null).addValue(null).addDouble(0.0);
    } else {
      withClaim(parameters, claim);
    }
    return transactions
        .repeatable(
            () ->
                Trace.during(
                    RequestDeadline.statement("find out why no row"),
                    orders.preparedQuery(UNWRITTEN).execute(parameters)))
        .call(() -> WriteRequests.keepPosition(orders))
        .map(found -> explainNoRow(found, sent, id != null));
  }

  private static Uni<String> send(
      Pool pool,
      String name,
      Map<StatusColumns, String> variants,
      Phase phase,
      Tuple parameters,
      WriteRequests requests) {
    return requests.send(
        pool,
        name,
        StatusColumns.variant(variants, phase),
        parameters,
        written -> written.size() == 0 ? null : written.iterator().next().getString(0));
  }

  private static Tuple parameters(Phase phase, NewOrder order) {
    return Tuple.of((short) phase.number(), order.userId(), order.amount(), order.status());
  }

  private static Tuple parameters(Phase phase, long id, StatusChange change) {
    return Tuple.of((short) phase.number(), id, change.status());
  }

  private static Tuple withClaim(Tuple parameters, IdempotencyClaim claim) {
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
