package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.StatementBatcher;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.http.HttpProblems;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.tracing.Trace;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Finds orders by id; those that are asked for at once share a statement. A lookup that finds a
 * free lane goes at once, so no lookup waits for a timer.
 */
@Singleton
class OrderLookupBatcher
    implements StatementBatcher.Writes<OrderLookupBatcher.Lookup, FencedResult<Optional<String>>> {
  /** As many as the pool of reads has connections. */
  static final int LANES = 4;

  static final int ORDERS = 64;

  private static final String FIND =
      """
      SELECT s.phase, o.id, {json} AS json
      FROM migration_state AS s LEFT JOIN orders AS o ON o.id = ANY ($1::bigint[])
      WHERE s.name = 'orders-status'
      """;
  static final String FIND_BY_OLD = FIND.replace("{json}", OrderReadStore.json(false));
  static final String FIND_BY_NEW = FIND.replace("{json}", OrderReadStore.json(true));

  private final OrderReadStore readStore;
  private final SqlClient client;
  private final boolean sharing;
  private final StatementBatcher<Lookup, FencedResult<Optional<String>>> groups;

  OrderLookupBatcher(
      OrderReadStore readStore,
      @Identifier(DatabasePools.READS) SqlClient client,
      @ConfigProperty(name = "orders.sharing.enabled") boolean sharing,
      @ConfigProperty(name = "orders.sharing.deadline") Duration deadline) {
    this.readStore = readStore;
    this.client = client;
    this.sharing = sharing;
    this.groups =
        new StatementBatcher<>(
            this,
            new StatementBatcher.Bounds(LANES, ORDERS, ORDERS * Long.BYTES, deadline),
            () -> new ProblemException(HttpProblems.overloaded()),
            System::nanoTime);
  }

  /** The order's JSON; empty if there is none. */
  Uni<FencedResult<Optional<String>>> find(Phase phase, long id) {
    return sharing
        ? groups.write(new Lookup(phase.readsNew(), phase, id))
        : readStore.find(phase, id);
  }

  @Scheduled(every = "1s")
  void expire() {
    groups.expire();
  }

  @Override
  public Object batchKey(Lookup lookup) {
    return lookup.byNew();
  }

  @Override
  public @Nullable Object conflictKey(Lookup lookup) {
    return null;
  }

  @Override
  public int bytes(Lookup lookup) {
    return Long.BYTES;
  }

  @Override
  public Uni<FencedResult<Optional<String>>> sendOne(Lookup lookup, WriteRequests requests) {
    return readStore.find(
        lookup.phase(), lookup.id(), requests.statement(OrderReadStore.FIND_NAME));
  }

  @Override
  public Uni<List<FencedResult<Optional<String>>>> sendBatch(
      List<Lookup> lookups, WriteRequests requests) {
    Long[] ids = lookups.stream().map(Lookup::id).toArray(Long[]::new);
    return Trace.during(
            requests.statement("find orders"),
            client
                .preparedQuery(lookups.get(0).byNew() ? FIND_BY_NEW : FIND_BY_OLD)
                .execute(Tuple.of(ids)))
        .map(rows -> results(lookups, rows));
  }

  static List<FencedResult<Optional<String>>> results(List<Lookup> lookups, RowSet<Row> rows) {
    @Nullable Phase phase = null;
    Map<Long, String> found = new HashMap<>();
    for (Row row : rows) {
      phase = Phase.of(row.getShort(0));
      found.put(row.getLong(1), row.getString(2));
    }
    if (phase == null) {
      throw new MigrationException.Unknown(OrderMigration.NAME);
    }
    Phase actual = phase;
    return lookups.stream()
        .map(each -> new FencedResult<>(actual, Optional.ofNullable(found.get(each.id()))))
        .toList();
  }

  /** One order that is asked for. */
  record Lookup(boolean byNew, Phase phase, long id) {}
}
