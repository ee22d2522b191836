package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.PoolOptions;
import io.zerodowntime.testing.FrozenPostgres;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.Timeouts;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The pools against a server that is frozen, gone or busy. */
@ResourceLock("unfrozen server")
class DatabasePoolsTest {
  private static final Duration DEADLINE = Duration.ofSeconds(1);
  private static final int ADMITTED = 24;
  private static final Map<String, Integer> SIZES =
      Map.of("orders", 2, "rows", 2, "reads", 1, "control", 1, "engine", 2);
  private static final String COUNT = "UPDATE counter SET n = n + 1 RETURNING n";

  /** The same, which waits for the row's lock as long as the test. */
  private static final String COUNT_WITH_PATIENCE =
      "UPDATE counter SET n = n + 1 FROM set_config('lock_timeout', '0', true) RETURNING n";

  private final Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
  private final Vertx vertx = Vertx.vertx().exceptionHandler(uncaught::add);
  private final CircuitBreaker breaker = new CircuitBreaker(DEADLINE);
  private final DatabasePools pools =
      new DatabasePools(new PoolSettings(DEADLINE, ADMITTED, SIZES), breaker);
  private final TestDatabase database = TestPostgres.create(DatabasePoolsTest.class);
  private Pool engine;
  private Pool orders;
  private Pool rows;
  private SqlClient reads;

  @BeforeEach
  void connect() throws SQLException {
    connect(database.port());
    execute("CREATE TABLE counter AS SELECT 0 AS n");
  }

  private void connect(int port) {
    PgConnectOptions options =
        new PgConnectOptions()
            .setHost("localhost")
            .setPort(port)
            .setDatabase(database.name())
            .setUser("postgres")
            .setCachePreparedStatements(true);
    engine = Pool.newInstance(pools.create(new Given(vertx, new PoolOptions(), List.of(options))));
    orders = pools.orders(engine);
    rows = pools.rows(engine);
    reads = pools.reads(engine);
  }

  @AfterEach
  void close() {
    engine.closeAndAwait();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    assertThat(uncaught).isEmpty();
  }

  @Test
  void fromAFrozenServerEveryPoolRecovers() throws Exception {
    assertThat(outcomes(Stream.of(orders, rows, reads), "SELECT 1")).containsOnly("done");

    try (FrozenPostgres frozen = new FrozenPostgres()) {
      assertThat(frozen).isNotNull();
      assertThat(outcomes(Stream.of(orders, rows, reads, reads, reads), "SELECT 1"))
          .as("sent, and never answered")
          .containsOnly("UNKNOWN");
      assertThat(outcomes(Stream.of(orders, rows, reads), "SELECT 1"))
          .as("no connection to send it on")
          .isSubsetOf("busy", "NOT_DONE");
      assertThat(pools.closedForSilence()).isGreaterThanOrEqualTo(3);
      Timeouts.await().until(() -> breaker.state() != CircuitBreaker.State.CLOSED);
    }

    for (SqlClient pool : List.of(orders, rows, reads)) {
      Timeouts.await().until(() -> outcome(pool, "SELECT 1").join().equals("done"));
    }
    assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
  }

  /** Batches of each partition are statements of their own, and each keeps a plan on the server. */
  @Test
  void aConnectionOfTheEngineKeepsFewStatements() {
    assertThat(kept(engine)).isLessThanOrEqualTo(33);
    assertThat(kept(orders)).isGreaterThanOrEqualTo(100);
  }

  private static long kept(Pool pool) {
    return pool.withConnection(
            session ->
                Multi.createFrom()
                    .range(0, 100)
                    .onItem()
                    .transformToUniAndConcatenate(
                        n -> count(session, "SELECT %d::bigint AS count".formatted(n)))
                    .collect()
                    .last()
                    .chain(
                        () ->
                            count(session, "SELECT count(*) AS count FROM pg_prepared_statements")))
        .await()
        .atMost(Duration.ofSeconds(10));
  }

  /** A batch of a backfill is longer than what the client would keep prepared. */
  @Test
  void longStatementsArePreparedOnce() throws Exception {
    String batch = "SELECT count(*) FROM pg_prepared_statements -- " + "x".repeat(5_000);
    List<Long> prepared =
        engine
            .withConnection(
                session ->
                    count(session, batch)
                        .chain(
                            first -> count(session, batch).map(second -> List.of(first, second))))
            .await()
            .atMost(Duration.ofSeconds(10));
    assertThat(prepared.get(0)).isPositive().isEqualTo(prepared.get(1));
  }

  private static Uni<Long> count(SqlConnection session, String sql) {
    return session.preparedQuery(sql).execute().map(rows -> rows.iterator().next().getLong(0));
  }

  @Test
  void whoWaitsForAConnectionInVainIsNeverSentLater() throws Exception {
    // on a busy machine to open them may take longer than a statement waits for one
    Timeouts.await()
        .until(
            () ->
                outcomes(Stream.of(engine, engine), "SELECT 1 FROM pg_sleep(0.1)").stream()
                    .allMatch("done"::equals));
    try (Connection holder = database.dataSource().getConnection()) {
      holder.setAutoCommit(false);
      execute(holder, "UPDATE counter SET n = 10");
      List<CompletableFuture<String>> held =
          List.of(outcome(engine, COUNT_WITH_PATIENCE), outcome(engine, COUNT_WITH_PATIENCE));

      assertThat(outcome(engine, COUNT).join()).isEqualTo("busy");

      holder.commit();
      assertThat(held.stream().map(CompletableFuture::join)).containsOnly("done");
    }
    assertThat(outcome(engine, "SELECT 1").join()).isEqualTo("done");
    assertThat(number("SELECT n FROM counter")).isEqualTo(12);
  }

  @Test
  void aLockedRowKeepsNoOtherPoolFromTheDatabase() throws Exception {
    try (Connection holder = database.dataSource().getConnection()) {
      holder.setAutoCommit(false);
      execute(holder, "UPDATE counter SET n = 10");
      List<CompletableFuture<String>> held =
          Stream.generate(() -> outcome(rows, COUNT)).limit(10).toList();

      assertThat(outcomes(Stream.of(orders, engine, reads), "SELECT 1")).containsOnly("done");

      assertThat(held.stream().map(CompletableFuture::join)).containsOnly("busy");
      holder.rollback();
    }
    assertThat(outcome(rows, COUNT).join()).isEqualTo("done");
  }

  @Test
  void writesThatWaitForARowLeaveRoomForOtherRequests() throws Exception {
    assertThat(outcomes(Stream.of(rows, rows), "SELECT 1")).containsOnly("done");
    try (Connection holder = database.dataSource().getConnection()) {
      holder.setAutoCommit(false);
      execute(holder, "UPDATE counter SET n = 10");
      List<CompletableFuture<String>> held =
          Stream.generate(() -> outcome(rows, COUNT)).limit(ADMITTED).toList();
      Timeouts.await().until(() -> waiting(rows) > 0);

      assertThat(held.stream().map(CompletableFuture::join))
          .as("three quarters wait for the row or for a connection, others not at all")
          .containsOnly("busy", "refused")
          .filteredOn("refused"::equals)
          .hasSize(ADMITTED / 4);
      assertThat(waiting(rows)).isZero();
      holder.rollback();
    }
  }

  @Test
  void aStatementEndsOnTheServerWhenItsRequestHasLongBeenAnswered() {
    assertThat(outcome(orders, "SELECT pg_sleep(60)").join()).isEqualTo("57014");
    assertThat(pools.closedForSilence()).isZero();
  }

  @Test
  void whereNoServerListensNothingIsReportedTwice() throws Exception {
    connect(1);
    for (int turn = 0; turn < 3; turn++) {
      assertThat(
              outcomes(
                  Stream.of(engine, orders, rows, reads).flatMap(pool -> Stream.of(pool, pool)),
                  "SELECT 1"))
          .containsOnly("NOT_DONE");
    }
    // the pool's own timers are over then
    CompletableFuture<Void> later = new CompletableFuture<>();
    vertx.setTimer(1500, timer -> later.complete(null));
    later.join();
    assertThat(uncaught).isEmpty();
    assertThat(Stream.of(orders, rows, reads).mapToLong(DatabasePoolsTest::waiting))
        .containsOnly(0L);
  }

  private static long waiting(SqlClient pool) {
    return ((BoundedPool) pool.getDelegate()).waiting();
  }

  private static List<String> outcomes(Stream<? extends SqlClient> pools, String sql) {
    return pools.map(pool -> outcome(pool, sql)).toList().stream()
        .map(CompletableFuture::join)
        .toList();
  }

  private static CompletableFuture<String> outcome(SqlClient pool, String sql) {
    return pool.preparedQuery(sql)
        .execute()
        .map(done -> "done")
        .subscribeAsCompletionStage()
        .orTimeout(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)
        .exceptionally(DatabasePoolsTest::name);
  }

  private static String name(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (FailureKind.isBusy(cause)) {
      return cause instanceof ConnectionPoolTooBusyException ? "refused" : "busy";
    }
    return cause instanceof PgException refused
        ? refused.getSqlState()
        : FailureKind.of(cause).name();
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      execute(connection, sql);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int number(String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getInt(1);
    }
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
