package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.vertx.core.Vertx;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A URL with two hosts of which the second one is promoted, while the first one lives on. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("replicated servers")
class FailoverTest {
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final Map<String, Integer> SIZES =
      Map.of("orders", 3, "rows", 1, "reads", 1, "control", 1, "engine", 1);

  /** Statements that last, so that each takes a connection of its own. */
  private static final String PLACE = "SELECT inet_server_port()::text, pg_sleep(0.2)";

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private final PrimaryLine line = new PrimaryLine();
  private ReplicatedServers servers;
  private DatabasePools pools;
  private Pool engine;
  private Pool orders;

  @BeforeEach
  void start() throws Exception {
    servers = new ReplicatedServers(directory, 1);
    connect("read-write");
  }

  private void connect(String target) {
    String url =
        "postgresql://postgres@localhost:%d,localhost:%d/postgres?sslmode=disable"
            .formatted(servers.primary().port(), servers.replica(1).port());
    DatabaseServers named =
        new DatabaseServers(
            Optional.of(DatabaseUrl.parse(url + "&target_session_attrs=" + target)),
            Optional.empty(),
            Pooling.NONE,
            Optional.empty(),
            Optional.empty());
    pools =
        new DatabasePools(
            new PoolSettings(DEADLINE, 24, SIZES), new CircuitBreaker(DEADLINE), named, line);
    engine =
        Pool.newInstance(
            pools.create(new Given(vertx, new PoolOptions(), List.of(new PgConnectOptions()))));
    orders = pools.orders(engine);
    assertThat(pools.control(engine)).isNotNull();
  }

  @AfterEach
  void end() throws Exception {
    engine.closeAndAwait();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    servers.close();
  }

  @Test
  void connectionsGoToTheHostThatTakesWritesAndNeverBackToTheOneBefore() throws Exception {
    PostgresServer old = servers.primary();
    PostgresServer promoted = servers.replica(1);
    assertThat(places(3)).containsOnly(place(old));

    old.freeze();
    promoted.promote();
    Timeouts.await().until(() -> answer().equals(place(promoted)));
    old.thaw();

    // two of its connections had no statement while it was frozen, so no silence closed them
    assertThat(old.ask("SELECT pg_is_in_recovery()")).isEqualTo("f");
    Timeouts.await().until(() -> sessions(old) == 0);
    assertThat(places(3)).containsOnly(place(promoted));
    assertThat(sessions(old)).isZero();
  }

  @Test
  void anOldPrimaryThatAnswersIsLeftWhenAnotherHostHasALaterTimeline() throws Exception {
    PostgresServer old = servers.primary();
    PostgresServer promoted = servers.replica(1);
    assertThat(places(3)).containsOnly(place(old));
    promoted.promote();

    // nothing tells a process that looks at one server alone
    assertThat(places(3)).containsOnly(place(old));
    try (Connection session = old.connect()) {
      assertThatCode(() -> line.check(session)).doesNotThrowAnyException();
    }

    pools.lookAtOtherHosts().await().atMost(Timeouts.LIMIT);
    Timeouts.await().until(() -> answer().equals(place(promoted)));
    assertThat(places(3)).containsOnly(place(promoted));
    try (Connection session = old.connect()) {
      assertThatThrownBy(() -> line.check(session))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("an old primary: it is on timeline 1");
    }
  }

  @Test
  void aStandbyIsSkippedAndWithAnyItIsNot() throws Exception {
    servers.primary().stop();
    assertThat(answer()).startsWith("NOT_DONE");
    engine.closeAndAwait();
    connect("any");
    assertThat(answer()).isEqualTo(place(servers.replica(1)));
  }

  private static String place(PostgresServer server) {
    return String.valueOf(server.port());
  }

  private static long sessions(PostgresServer server) {
    return Long.parseLong(
        server.ask(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE application_name LIKE 'zerodowntime%' AND backend_type = 'client backend'
            """));
  }

  private List<String> places(int statements) {
    return Stream.generate(this::sent).limit(statements).toList().stream()
        .map(CompletableFuture::join)
        .toList();
  }

  private String answer() {
    return sent().join();
  }

  private CompletableFuture<String> sent() {
    return orders
        .preparedQuery(PLACE)
        .execute()
        .map(rows -> rows.iterator().next().getString(0))
        .subscribeAsCompletionStage()
        .orTimeout(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)
        .exceptionally(failure -> FailureKind.of(failure).name());
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
