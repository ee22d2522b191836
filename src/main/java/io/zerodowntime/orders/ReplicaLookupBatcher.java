package io.zerodowntime.orders;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.Replica;
import io.zerodowntime.db.ReplicaAnswer;
import io.zerodowntime.db.ReplicaRows;
import io.zerodowntime.db.StatementBatcher;
import io.zerodowntime.db.WritePosition;
import io.zerodowntime.db.WriteRequests;
import io.zerodowntime.http.HttpProblems;
import io.zerodowntime.http.ProblemException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.phase.FencedResult;
import io.zerodowntime.tracing.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds orders by id on one replica; those that are asked for at once share a statement, and one
 * look at the replica serves all that name a write.
 */
final class ReplicaLookupBatcher
    implements StatementBatcher.Writes<
        ReplicaLookupBatcher.Lookup, FencedResult<ReplicaAnswer<Optional<String>>>> {
  private final Replica replica;
  private final boolean sharing;
  private final StatementBatcher<Lookup, FencedResult<ReplicaAnswer<Optional<String>>>> groups;

  ReplicaLookupBatcher(Replica replica, boolean sharing, Duration deadline) {
    this.replica = replica;
    this.sharing = sharing;
    this.groups =
        new StatementBatcher<>(
            this,
            new StatementBatcher.Bounds(
                OrderLookupBatcher.LANES,
                OrderLookupBatcher.ORDERS,
                OrderLookupBatcher.ORDERS * Long.BYTES,
                deadline),
            () -> new ProblemException(HttpProblems.overloaded()),
            System::nanoTime);
  }

  /** One order that is asked for, and the write that its answer must show. */
  record Lookup(OrderLookupBatcher.Lookup order, @Nullable WritePosition asked) {}

  Uni<FencedResult<ReplicaAnswer<Optional<String>>>> find(
      Phase phase, long id, @Nullable WritePosition asked) {
    Lookup lookup = new Lookup(new OrderLookupBatcher.Lookup(phase.readsNew(), phase, id), asked);
    return sharing ? groups.write(lookup) : sendOne(lookup, WriteRequests.current());
  }

  void expire() {
    groups.expire();
  }

  @Override
  public Object batchKey(Lookup lookup) {
    return lookup.order().byNew();
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
  public Uni<FencedResult<ReplicaAnswer<Optional<String>>>> sendOne(
      Lookup lookup, WriteRequests requests) {
    return sendBatch(List.of(lookup), requests).map(results -> results.get(0));
  }

  @Override
  public Uni<List<FencedResult<ReplicaAnswer<Optional<String>>>>> sendBatch(
      List<Lookup> lookups, WriteRequests requests) {
    List<WritePosition> asked =
        lookups.stream().map(Lookup::asked).filter(Objects::nonNull).toList();
    Long[] ids = lookups.stream().map(each -> each.order().id()).toArray(Long[]::new);
    String sql =
        lookups.get(0).order().byNew()
            ? OrderLookupBatcher.FIND_BY_NEW
            : OrderLookupBatcher.FIND_BY_OLD;
    return Trace.during(
            requests.statement("find orders on replica"), replica.query(asked, sql, Tuple.of(ids)))
        .map(rows -> results(lookups, rows));
  }

  private static List<FencedResult<ReplicaAnswer<Optional<String>>>> results(
      List<Lookup> lookups, ReplicaRows rows) {
    List<FencedResult<Optional<String>>> found =
        OrderLookupBatcher.results(lookups.stream().map(Lookup::order).toList(), rows.rows());
    List<FencedResult<ReplicaAnswer<Optional<String>>>> results = new ArrayList<>();
    for (int each = 0; each < found.size(); each++) {
      FencedResult<Optional<String>> one = found.get(each);
      results.add(
          new FencedResult<>(
              one.phase(), answer(one.found(), rows.show(lookups.get(each).asked()))));
    }
    return results;
  }

  private static ReplicaAnswer<Optional<String>> answer(Optional<String> json, boolean shows) {
    if (!shows) {
      return ReplicaAnswer.behind();
    }
    return json.isEmpty() ? ReplicaAnswer.absent() : ReplicaAnswer.found(json);
  }
}
