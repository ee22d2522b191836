package io.zerodowntime.db;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The program's own clients of a primary and its replicas, without an application around. */
final class ReplicaClients implements AutoCloseable {
  static final Duration DEADLINE = Duration.ofSeconds(5);
  static final Duration MAX_LAG = Duration.ofSeconds(4);
  private static final Map<String, Integer> SIZES =
      Map.of("orders", 2, "rows", 2, "reads", 1, "control", 1, "engine", 2, "replica", 2);

  private final Vertx vertx = Vertx.vertx();
  private final Pool engine;
  private final Pool orders;
  private final Replicas replicas;
  private final ReplicaReads reads;

  ReplicaClients(ReplicatedServers servers, List<ReplicatedHeartbeat> heartbeats) {
    this(servers.primary().port(), servers.replicaUrl("postgres"), heartbeats);
  }

  ReplicaClients(int primary, String urls, List<ReplicatedHeartbeat> heartbeats) {
    PoolSettings settings = new PoolSettings(DEADLINE, 24, SIZES);
    DatabasePools pools = new DatabasePools(settings, new CircuitBreaker(DEADLINE));
    PgConnectOptions options =
        new PgConnectOptions()
            .setHost("localhost")
            .setPort(primary)
            .setDatabase("postgres")
            .setUser("postgres")
            .setCachePreparedStatements(true);
    engine = Pool.newInstance(pools.create(new Given(vertx, new PoolOptions(), List.of(options))));
    orders = pools.orders(engine);
    ReplicaSettings named = new ReplicaSettings(Optional.of(urls), MAX_LAG);
    replicas = new Replicas(named, pools, engine, pools.control(engine), heartbeats);
    replicas.start(new StartupEvent());
    reads =
        new ReplicaReads(replicas, new ReplicaMetrics(new SimpleMeterRegistry()), named, settings);
  }

  Replicas replicas() {
    return replicas;
  }

  /** A replica, counted from 1. */
  Replica replica(int number) {
    return replicas.all().get(number - 1);
  }

  /** Looks once, and gives the names of those that are in rotation. */
  List<String> inRotation() {
    await(replicas.look());
    return replicas.all().stream()
        .filter(replicas::isInRotation)
        .map(Replica::name)
        .sorted()
        .toList();
  }

  /** A write, and the position that its client is given. */
  WritePosition write(String sql) {
    RequestPosition kept = new RequestPosition(null);
    inRequest(
        kept,
        () ->
            WriteRequests.current().send(orders, "write", sql, Tuple.tuple(), rows -> rows.size()));
    return kept.answer(true).orElseThrow();
  }

  /** A statement that serves several requests, and what each of them keeps. */
  List<WritePosition> writeTogether(String sql, int requests) {
    List<RequestPosition> kept =
        java.util.stream.Stream.generate(() -> new RequestPosition(null)).limit(requests).toList();
    List<RequestDeadline> deadlines = kept.stream().map(this::deadline).toList();
    await(
        new WriteRequests(deadlines)
            .send(orders, "write", sql, Tuple.tuple(), rows -> rows.size()));
    return kept.stream().map(each -> each.answer(true).orElseThrow()).toList();
  }

  private RequestDeadline deadline(RequestPosition kept) {
    CompletableFuture<RequestDeadline> made = new CompletableFuture<>();
    request()
        .runOnContext(
            here -> {
              RequestDeadline deadline = RequestDeadline.start(DEADLINE);
              deadline.keepIn(kept);
              made.complete(deadline);
            });
    return made.join();
  }

  /** What a client reads, by whatever server answers; it names the write if there is one. */
  String read(WritePosition asked, String sql) {
    return inRequest(
        new RequestPosition(asked),
        () ->
            reads.<String>read(
                (replica, named) ->
                    replica
                        .query(Stream.ofNullable(named).toList(), sql, Tuple.tuple())
                        .map(
                            rows ->
                                rows.show(named)
                                    ? ReplicaAnswer.found("replica " + first(rows))
                                    : ReplicaAnswer.<String>behind()),
                () ->
                    orders
                        .preparedQuery(sql)
                        .execute()
                        .map(rows -> "primary " + rows.iterator().next().getValue(0))));
  }

  static Object first(ReplicaRows rows) {
    return rows.rows().iterator().next().getValue(0);
  }

  /** Works as a request does: in a context of its own, with a deadline. */
  private <T> T inRequest(RequestPosition kept, Supplier<Uni<T>> work) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    request()
        .runOnContext(
            here -> {
              RequestDeadline.start(DEADLINE).keepIn(kept);
              work.get().subscribe().with(answer::complete, answer::completeExceptionally);
            });
    return answer.orTimeout(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS).join();
  }

  private Context request() {
    return ((ContextInternal) vertx.getOrCreateContext()).duplicate();
  }

  static <T> T await(Uni<T> work) {
    return work.await().atMost(Timeouts.LIMIT);
  }

  @Override
  public void close() {
    engine.closeAndAwait();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
