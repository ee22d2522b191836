package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Proves that a connection which is free in the instant in which a wait for it ends is not lost.
 */
class LateConnectionTest {
  private static final Duration DEADLINE = Duration.ofSeconds(1);

  private final Vertx vertx = Vertx.vertx();
  private final TestDatabase database = TestPostgres.create(LateConnectionTest.class);
  private final DatabasePools pools =
      new DatabasePools(
          new PoolSettings(
              DEADLINE, 24, Map.of("orders", 1, "rows", 1, "reads", 1, "control", 1, "engine", 1)),
          new CircuitBreaker(DEADLINE));
  private final Pool pool = pools.create(new Given(vertx, new PoolOptions(), List.of(options())));

  private PgConnectOptions options() {
    return new PgConnectOptions()
        .setHost("localhost")
        .setPort(database.port())
        .setDatabase(database.name())
        .setUser("postgres");
  }

  @AfterEach
  void close() {
    join(pool.close());
    join(vertx.close());
  }

  /**
   * A connection is handed on by its own event loop. Here that is busy: the waiter has been taken
   * from the queue, and its wait ends before it gets the connection.
   */
  @Test
  void goesBackToThePool() {
    Context owner = ((VertxInternal) vertx).createEventLoopContext();
    Context holder = ((VertxInternal) vertx).createEventLoopContext();
    Context waiter = ((VertxInternal) vertx).createEventLoopContext();
    CountDownLatch isBusy = new CountDownLatch(1);
    CountDownLatch isOver = new CountDownLatch(1);
    join(take(owner).join().close());
    SqlConnection held = take(holder).join();
    owner.runOnContext(
        now -> {
          isBusy.countDown();
          pass(isOver);
        });
    pass(isBusy);
    CompletableFuture<SqlConnection> waited = take(waiter);
    held.close();

    assertThatThrownBy(() -> waited.get(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS))
        .hasCauseInstanceOf(DatabaseBusyException.class);
    isOver.countDown();
    assertThat(join(pool.query("SELECT 1").execute()).size()).isOne();
  }

  /** Asks for a connection on this event loop; returns when it has asked. */
  private CompletableFuture<SqlConnection> take(Context loop) {
    CompletableFuture<SqlConnection> taken = new CompletableFuture<>();
    CountDownLatch asked = new CountDownLatch(1);
    loop.runOnContext(
        now -> {
          pool.getConnection().onComplete(taken::complete, taken::completeExceptionally);
          asked.countDown();
        });
    pass(asked);
    return taken;
  }

  private static void pass(CountDownLatch latch) {
    try {
      assertThat(latch.await(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static <T> T join(Future<T> future) {
    return future
        .toCompletionStage()
        .toCompletableFuture()
        .orTimeout(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)
        .join();
  }

  /** What Quarkus hands to the creator of a pool. */
  private record Given(
      Vertx vertx, PoolOptions poolOptions, List<PgConnectOptions> pgConnectOptionsList)
      implements PgPoolCreator.Input {}
}
