package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.zerodowntime.tracing.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The requests for which one statement writes. Each of them is told when the statement goes to the
 * server, and when it certainly was not done; none is written for whose deadline has passed.
 *
 * @param deadlines empty for a write without a request
 */
public record WriteRequests(List<RequestDeadline> deadlines) {

  /** The request that is being worked on; none outside a request. */
  public static WriteRequests current() {
    return new WriteRequests(RequestDeadline.current().map(List::of).orElse(List.of()));
  }

  /**
   * Sends one statement that writes. It waits for a connection like any other one; it goes on when
   * its caller has gone.
   *
   * @param name what the statement is called in traces
   * @param result makes the result of the rows
   * @return fails with {@link DatabaseBusyException} if no connection was free or a deadline passed
   *     meanwhile; nothing was sent then
   */
  public <R> Uni<R> send(
      Pool pool, String name, String sql, Tuple parameters, Function<RowSet<Row>, R> result) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                pool.getDelegate()
                    .getConnection()
                    .compose(
                        connection ->
                            send(connection, name, sql, parameters)
                                .eventually(() -> connection.close()))
                    .map(result)
                    .onComplete(emitter::complete, emitter::fail));
  }

  /**
   * Keeps the position at which a server shows what the current request was told, if it wants one:
   * for an answer to a write that another request has done.
   */
  public static Uni<Void> keepPosition(Pool pool) {
    return WritePositions.record(pool);
  }

  /**
   * Begins the trace of a statement that does the work of all these requests.
   *
   * @param name what the statement is called in traces
   * @return null where nothing is traced
   */
  public @Nullable Trace statement(String name) {
    if (deadlines.isEmpty() || deadlines.get(0).trace() == null) {
      return null;
    }
    if (deadlines.size() == 1) {
      return Trace.statement(deadlines.get(0).trace(), name);
    }
    List<Trace> requests = new ArrayList<>(deadlines.size());
    for (RequestDeadline each : deadlines) {
      Trace trace = each.trace();
      if (trace != null) {
        requests.add(trace);
      }
    }
    return Trace.sharedStatement(requests, name);
  }

  private Future<RowSet<Row>> send(
      SqlConnection connection, String name, String sql, Tuple parameters) {
    // told first and looked at afterwards: who answers at the deadline in between is not lied to
    deadlines.forEach(RequestDeadline::markWriteSent);
    if (deadlines.stream().anyMatch(RequestDeadline::hasPassed)) {
      deadlines.forEach(RequestDeadline::markWriteNotDone);
      return Future.failedFuture(
          new DatabaseBusyException("the deadline passed before the write was sent"));
    }
    Trace trace = statement(name);
    Future<RowSet<Row>> written =
        connection
            .preparedQuery(sql)
            .execute(parameters.getDelegate())
            .onFailure(
                failure -> {
                  deadlines.forEach(
                      FailureKind.of(failure) == FailureKind.UNKNOWN
                          ? RequestDeadline::markOutcomeUnknown
                          : RequestDeadline::markWriteNotDone);
                });
    if (trace != null) {
      written.onComplete(done -> trace.end(done.cause()));
    }
    return WritePositions.wanted(deadlines)
        ? WritePositions.behind(connection, written, deadlines)
        : written;
  }
}
