package io.zerodowntime.orders;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.RequestDeadline;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.ShadowReadListener;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.tracing.Trace;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The reads: the value and the phase that makes it the right one come from one snapshot. */
@Singleton
class OrderReadStore {
  /** What the statement is called in traces. */
  static final String FIND_NAME = "find order";

  private static final String FIND =
      """
      SELECT s.phase, {json} AS json
      FROM migration_state AS s LEFT JOIN orders AS o ON o.id = $1::bigint
      WHERE s.name = 'orders-status'
      """;
  static final String FIND_BY_OLD = FIND.replace("{json}", json(false));
  static final String FIND_BY_NEW = FIND.replace("{json}", json(true));

  private static final String COMPARE =
      """
      SELECT s.phase, s.epoch, s.old_stale, {json} AS json, o.old_status, o.status,
        o.status IS NOT DISTINCT FROM lower(o.old_status) AS agree
      FROM migration_state AS s LEFT JOIN orders AS o ON o.id = $1::bigint
      WHERE s.name = 'orders-status'
      """;
  static final String COMPARE_BY_OLD = COMPARE.replace("{json}", json(false));
  static final String COMPARE_BY_NEW = COMPARE.replace("{json}", json(true));

  private static final String FIND_IN_EPOCH =
      """
      SELECT s.phase, s.epoch, s.old_stale, {json} AS json
      FROM migration_state AS s LEFT JOIN orders AS o ON o.id = $1::bigint
      WHERE s.name = 'orders-status'
      """;
  static final String FIND_IN_EPOCH_BY_OLD = FIND_IN_EPOCH.replace("{json}", json(false));
  static final String FIND_IN_EPOCH_BY_NEW = FIND_IN_EPOCH.replace("{json}", json(true));

  static final String SHADOW =
      """
      SELECT s.phase, o.id, o.old_status, lower(o.old_status) AS forwarded, o.status,
        o.status IS NOT DISTINCT FROM lower(o.old_status) AS agree
      FROM migration_state AS s LEFT JOIN orders AS o ON o.id = $1::bigint
      WHERE s.name = 'orders-status'
      """;

  private static final String PAGE =
      """
      SELECT s.phase, p.id, p.json
      FROM migration_state AS s LEFT JOIN LATERAL (
        SELECT o.id, {json} AS json FROM orders AS o
        WHERE o.id > $1::bigint{filter}
        ORDER BY o.id LIMIT $2::integer
      ) AS p ON true
      WHERE s.name = 'orders-status'
      ORDER BY p.id
      """;

  private final Pool pool;
  private final SqlClient reads;

  OrderReadStore(
      @Identifier(DatabasePools.ORDERS) Pool pool,
      @Identifier(DatabasePools.READS) SqlClient reads) {
    this.pool = pool;
    this.reads = reads;
  }

  static String json(boolean fromNew) {
    return OrderJson.sql(
        "o.id", "o.user_id", "o.amount", StatusColumns.read(fromNew), "o.created_at");
  }

  /** The order's JSON; empty if there is none. */
  Uni<FencedResult<Optional<String>>> find(Phase phase, long id) {
    return find(phase, id, RequestDeadline.statement(FIND_NAME));
  }

  /**
   * The same.
   *
   * @param trace of this statement; null where nothing is traced
   */
  Uni<FencedResult<Optional<String>>> find(Phase phase, long id, @Nullable Trace trace) {
    return Trace.during(
            trace,
            reads.preparedQuery(phase.readsNew() ? FIND_BY_NEW : FIND_BY_OLD).execute(Tuple.of(id)))
        .map(rows -> fenced(rows, Optional.ofNullable(first(rows).getString("json"))));
  }

  /** Like {@link #find}, with both columns: for a phase that writes both. */
  Uni<FencedResult<ComparedOrder>> compare(Phase phase, long id) {
    return send("compare order", phase.readsNew() ? COMPARE_BY_NEW : COMPARE_BY_OLD, Tuple.of(id))
        .map(rows -> fenced(rows, compared(first(rows))));
  }

  private static ComparedOrder compared(Row row) {
    return new ComparedOrder(
        epoch(row),
        Optional.ofNullable(row.getString("json")),
        row.getString("old_status"),
        row.getString("status"),
        row.getBoolean("agree"));
  }

  /** Like {@link #find}, with the epoch: where the comparison failed. */
  Uni<FencedResult<Uncompared>> findInEpoch(Phase phase, long id) {
    return send(
            FIND_NAME, phase.readsNew() ? FIND_IN_EPOCH_BY_NEW : FIND_IN_EPOCH_BY_OLD, Tuple.of(id))
        .map(rows -> fenced(rows, uncompared(first(rows))));
  }

  private static Uncompared uncompared(Row row) {
    return new Uncompared(epoch(row), Optional.ofNullable(row.getString("json")));
  }

  private static ShadowReadListener.Epoch epoch(Row row) {
    return new ShadowReadListener.Epoch(
        phase(row), row.getLong("epoch"), row.getBoolean("old_stale"));
  }

  /** Both columns of one tuple; empty if there is no such order. */
  Uni<Optional<ShadowComparison>> shadow(long id) {
    return send("compare order", SHADOW, Tuple.of(id)).map(rows -> shadow(first(rows)));
  }

  private static Optional<ShadowComparison> shadow(Row row) {
    return Optional.ofNullable(row.getLong("id"))
        .map(
            id ->
                new ShadowComparison(
                    id,
                    phase(row).number(),
                    new ShadowComparison.Old(
                        row.getString("old_status"), row.getString("forwarded")),
                    new ShadowComparison.New(row.getString("status")),
                    row.getBoolean("agree")));
  }

  /** A page of orders by id. */
  Uni<FencedResult<OrderPage>> page(Phase phase, OrderQuery query) {
    return send("list orders", pageSql(query, phase.readsNew()), pageParameters(query))
        .map(rows -> fencedPage(rows, query));
  }

  static Tuple pageParameters(OrderQuery query) {
    Tuple parameters = Tuple.of(query.after(), query.limit() + 1);
    query.userId().ifPresent(parameters::addLong);
    query.status().ifPresent(parameters::addString);
    return parameters;
  }

  static FencedResult<OrderPage> fencedPage(RowSet<Row> rows, OrderQuery query) {
    return fenced(rows, page(rows, query.limit()));
  }

  static String pageSql(OrderQuery query, boolean fromNew) {
    return PAGE.replace("{json}", json(fromNew))
        .replace("{filter}", filter(query, StatusColumns.read(fromNew)));
  }

  // one text per combination of filters, so that each has a plan of its own
  private static String filter(OrderQuery query, String status) {
    String user = query.userId().isPresent() ? " AND o.user_id = $3::bigint" : "";
    return query.status().isEmpty()
        ? user
        : user + " AND " + status + " = " + (user.isEmpty() ? "$3" : "$4") + "::varchar";
  }

  private static OrderPage page(RowSet<Row> rows, int limit) {
    List<String> items = new ArrayList<>();
    Long last = null;
    for (Row row : rows) {
      if (items.size() == limit) {
        return new OrderPage(items, Optional.ofNullable(last));
      }
      last = row.getLong("id");
      if (last != null) {
        items.add(row.getString("json"));
      }
    }
    return new OrderPage(items, Optional.empty());
  }

  private Uni<RowSet<Row>> send(String name, String sql, Tuple parameters) {
    return Trace.during(
        RequestDeadline.statement(name), pool.preparedQuery(sql).execute(parameters));
  }

  private static <T> FencedResult<T> fenced(RowSet<Row> rows, T value) {
    return new FencedResult<>(phase(first(rows)), value);
  }

  private static Phase phase(Row row) {
    return Phase.of(row.getShort("phase"));
  }

  /** An order that could be read and not compared. */
  record Uncompared(ShadowReadListener.Epoch epoch, Optional<String> json) {}

  private static Row first(RowSet<Row> rows) {
    if (rows.size() == 0) {
      throw new MigrationException.Unknown(OrderMigration.NAME);
    }
    return rows.iterator().next();
  }
}
