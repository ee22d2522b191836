package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.vertx.core.Vertx;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.zerodowntime.testing.PgBouncer;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.Timeouts;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The settings of every session, and statements of every pool, through PgBouncer. */
class PooledSessionsTest {
  private static final TestDatabase DATABASE = TestPostgres.create(PooledSessionsTest.class);
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final Map<String, Integer> SIZES =
      Map.of("orders", 4, "rows", 4, "reads", 2, "control", 2, "engine", 2);
  private static final String SETTINGS =
      """
      SELECT current_setting('transaction_isolation') || ', '
        || current_setting('statement_timeout') || ', ' || current_setting('lock_timeout') || ', '
        || current_setting('idle_in_transaction_session_timeout')
      """;

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private DatabasePools pools;
  private Pool engine;

  /** As application.properties has them, in a database whose defaults are others. */
  private void connect(String url, Optional<String> direct, Pooling pooling) throws SQLException {
    execute(
        "ALTER DATABASE %s SET default_transaction_isolation = 'repeatable read'"
            .formatted(DATABASE.name()));
    DatabaseServers named =
        new DatabaseServers(
            Optional.of(DatabaseUrl.parse(url)),
            direct.map(DatabaseUrl::parse),
            pooling,
            Optional.empty(),
            Optional.empty());
    PgConnectOptions options =
        new PgConnectOptions()
            .setCachePreparedStatements(true)
            .addProperty("default_transaction_isolation", "read committed")
            .addProperty("jit", "off")
            .addProperty("idle_in_transaction_session_timeout", "30000");
    pools =
        new DatabasePools(
            new PoolSettings(DEADLINE, 24, SIZES),
            new CircuitBreaker(DEADLINE),
            named,
            new PrimaryLine());
    engine = Pool.newInstance(pools.create(new Given(vertx, new PoolOptions(), List.of(options))));
  }

  @AfterEach
  void close() throws SQLException {
    if (engine != null) {
      engine.closeAndAwait();
      execute("ALTER DATABASE %s RESET default_transaction_isolation".formatted(DATABASE.name()));
    }
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private PgBouncer pooler(String mode, int size, String... users) throws Exception {
    return PgBouncer.start(directory.resolve(mode), DATABASE.port(), mode, size, users);
  }

  @Test
  void inSessionModeEverySessionHasItsSettings() throws Exception {
    try (PgBouncer pooler = pooler("session", 20)) {
      connect(pooler.url(DATABASE.name()), Optional.empty(), Pooling.SESSION);
      assertThat(ask(pools.orders(engine))).isEqualTo("read committed, 5500ms, 1s, 30s");
      assertThat(ask(pools.rows(engine))).isEqualTo("read committed, 5500ms, 1s, 30s");
      assertThat(ask(pools.reads(engine))).isEqualTo("read committed, 5500ms, 5500ms, 30s");
      assertThat(ask(pools.control(engine))).isEqualTo("read committed, 5s, 5s, 30s");
      assertThat(ask(engine)).isEqualTo("read committed, 1min, 1s, 30s");
    }
  }

  @Test
  void inTransactionModeARoleWithoutTheSettingsGetsNoSession() throws Exception {
    try (PgBouncer pooler = pooler("transaction", 20)) {
      connect(pooler.url(DATABASE.name()), Optional.of(DATABASE.url()), Pooling.TRANSACTION);
      assertThat(ask(pools.orders(engine))).contains("default_transaction_isolation");
      assertThat(ask(engine)).isEqualTo("read committed, 1min, 1s, 30s");
    }
  }

  @Test
  void inTransactionModeStatementsOfManyClientsShareFewSessions() throws Exception {
    String role = "shared_" + DATABASE.name();
    execute("CREATE ROLE " + role + " LOGIN");
    for (String setting :
        List.of(
            "default_transaction_isolation = 'read committed'",
            "statement_timeout = '5500ms'",
            "lock_timeout = '1s'",
            "idle_in_transaction_session_timeout = '30s'")) {
      execute("ALTER ROLE " + role + " SET " + setting);
    }
    try (PgBouncer pooler = pooler("transaction", 3, role)) {
      connect(
          pooler.url(DATABASE.name()).replace("postgres@", role + "@"),
          Optional.of(DATABASE.url()),
          Pooling.TRANSACTION);
      Pool orders = pools.orders(engine);
      SqlClient reads = pools.reads(engine);
      assertThat(ask(orders)).isEqualTo("read committed, 5500ms, 1s, 30s");
      // each is prepared, and none is found in the session of the next one
      List<CompletableFuture<String>> sent =
          IntStream.range(0, 200)
              .mapToObj(
                  n ->
                      text(
                          n % 2 == 0 ? orders : reads,
                          "SELECT ($1::int + " + n % 7 + ")::text",
                          Tuple.of(n)))
              .toList();
      assertThat(sent.stream().map(CompletableFuture::join))
          .isEqualTo(IntStream.range(0, 200).mapToObj(n -> String.valueOf(n + n % 7)).toList());
      assertThat(
              ask(
                  engine,
                  "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '" + role + "'"))
          .isIn("1", "2", "3");
    } finally {
      engine.closeAndAwait();
      Timeouts.await().until(() -> dropped(role));
    }
  }

  private static boolean dropped(String role) {
    try {
      execute("DROP ROLE " + role);
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  private static String ask(SqlClient pool) {
    return ask(pool, SETTINGS);
  }

  private static String ask(SqlClient pool, String sql) {
    return text(pool, sql, Tuple.tuple()).join();
  }

  private static CompletableFuture<String> text(SqlClient pool, String sql, Tuple parameters) {
    return pool.preparedQuery(sql)
        .execute(parameters)
        .map(rows -> rows.iterator().next())
        .map((Row row) -> row.getString(0))
        .subscribeAsCompletionStage()
        .orTimeout(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)
        .exceptionally(String::valueOf);
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = TestPostgres.superuser().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
