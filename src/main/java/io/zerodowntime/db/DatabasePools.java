package io.zerodowntime.db;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.impl.CloseFuture;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.impl.PgPoolImpl;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.spi.ConnectionFactory;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the database, in pools that cannot take each other's: a row that is locked, or
 * a batch that lasts, keeps neither other requests nor the heartbeat from the database.
 *
 * <p>The pool without an identifier is the engine's. {@link PoolSettings} has the bounds of each.
 */
@Singleton
public class DatabasePools implements PgPoolCreator {
  private static final Logger LOG = Logger.getLogger(DatabasePools.class);

  /** New orders, pages of orders, comparisons of one order. */
  public static final String ORDERS = "orders";

  /** Writes that may wait for a row that another client has locked. */
  public static final String ROWS = "rows";

  /**
   * Short reads by a key that never wait for a row. They are pipelined: the next one is sent before
   * the last one is answered, so client and server handle several for one wake-up. A write must not
   * go here, for it would hold up what is behind it while it waits for a lock.
   */
  public static final String READS = "reads";

  /**
   * Heartbeat, reconciler, health, status, and what is known of runs: statements that are short.
   */
  public static final String CONTROL = "control";

  static final String ENGINE = "engine";

  /** Reads of orders on one replica: first how far it is, then the rows, on one connection. */
  static final String REPLICA = "replica";

  /** The look at one replica once a second. */
  static final String REPLICA_LOOK = "replica-look";

  private final PoolSettings settings;
  private final CircuitBreaker breaker;
  private final LongAdder closed = new LongAdder();
  private final CloseFuture closing = new CloseFuture();
  private volatile @Nullable Input input;

  DatabasePools(PoolSettings settings, CircuitBreaker breaker) {
    this.settings = settings;
    this.breaker = breaker;
  }

  /** Makes the engine's pool; whoever closes it closes all. */
  @Override
  public io.vertx.sqlclient.Pool create(Input given) {
    input = given;
    return new PgPoolImpl((VertxInternal) given.vertx(), closing, primary(ENGINE, false));
  }

  @Produces
  @Singleton
  @Identifier(ORDERS)
  Pool orders(Pool engine) {
    return beside(engine, ORDERS);
  }

  @Produces
  @Singleton
  @Identifier(ROWS)
  Pool rows(Pool engine) {
    return beside(engine, ROWS);
  }

  @Produces
  @Singleton
  @Identifier(CONTROL)
  Pool control(Pool engine) {
    return beside(engine, CONTROL);
  }

  @Produces
  @Singleton
  @Identifier(READS)
  SqlClient reads(Pool engine) {
    engine.size();
    return SqlClient.newInstance(primary(READS, true));
  }

  /** How many connections were closed because a statement was not answered in time. */
  public long closedForSilence() {
    return closed.sum();
  }

  /** The first call of the engine's pool makes it, with the options that all pools share. */
  private Pool beside(Pool engine, String name) {
    engine.size();
    return Pool.newInstance(primary(name, false));
  }

  /**
   * A pool on a replica. What the URL does not say is as for the primary.
   *
   * @param engine made first, with the options that all pools share
   * @param breaker the replica's own
   */
  io.vertx.sqlclient.Pool replica(
      Pool engine, String name, DatabaseUrl url, CircuitBreaker breaker) {
    engine.size();
    PgConnectOptions options = ReplicaOptions.of(url, shared());
    return pool(new Server(url.place(), options, breaker), name, false);
  }

  /**
   * Closes every connection while there are event loops to do it; behind all that still sends a
   * statement at the end. Blocks the thread of the shutdown for two seconds at most.
   */
  void close(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event)
      throws InterruptedException {
    Promise<Void> closed = Promise.promise();
    closing.close(closed);
    try {
      closed.future().toCompletionStage().toCompletableFuture().get(2, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException failure) {
      LOG.debug("the connections to the database are not closed yet", failure);
    }
  }

  private Input input() {
    return Objects.requireNonNull(input, "the pool of the engine is made first");
  }

  private PgConnectOptions shared() {
    return input().pgConnectOptionsList().get(0);
  }

  private io.vertx.sqlclient.Pool primary(String name, boolean pipelined) {
    return pool(new Server("", shared(), breaker), name, pipelined);
  }

  private io.vertx.sqlclient.Pool pool(Server server, String name, boolean pipelined) {
    VertxInternal vertx = (VertxInternal) input().vertx();
    PoolSettings.Bounds bounds = settings.of(name);
    String title = server.title().isEmpty() ? name : name + " " + server.title();
    BoundedPool pool =
        new BoundedPool(
            vertx,
            settings.options(name, input().poolOptions(), pipelined).setName(title),
            pipelined,
            closing);
    ConnectionFactory factory =
        PgDriver.INSTANCE.createConnectionFactory(
            vertx, bounds.connection(title, server.options(), PoolSettings.pipeline(name)));
    pool.connectionProvider(context -> connect(factory, context, bounds, server.breaker()));
    closing.add(factory);
    return pool.init();
  }

  private Future<SqlConnection> connect(
      ConnectionFactory factory,
      Context context,
      PoolSettings.Bounds bounds,
      CircuitBreaker breaker) {
    if (!breaker.admits()) {
      return Future.future(
          refused ->
              context.runOnContext(
                  later -> refused.fail(new NotConnectedException("it is away", null))));
    }
    long began = System.nanoTime();
    return answered(context, factory.connect(context))
        .map(
            connection ->
                new ResponseLimit(bounds.response(), breaker::lastReturn, closed, System::nanoTime)
                    .on(connection))
        .onComplete(connected -> breaker.succeeded(), failure -> breaker.failed(began, failure))
        .recover(failure -> Future.failedFuture(new NotConnectedException(failure)));
  }

  /**
   * Fails if the login takes too long; a connection that is made later is closed. The pool is told
   * in the context of the connection: another thread could find it half made.
   */
  private Future<SqlConnection> answered(Context context, Future<SqlConnection> login) {
    Promise<SqlConnection> answer = ((ContextInternal) context).promise();
    long limit =
        context
            .owner()
            .setTimer(
                PoolSettings.LOGIN.toMillis(),
                late -> answer.tryFail(new TimeoutException("the login was not answered in time")));
    login.onComplete(
        made -> {
          context.owner().cancelTimer(limit);
          if (made.failed()) {
            answer.tryFail(made.cause());
          } else if (!answer.tryComplete(made.result())) {
            made.result().close();
          }
        });
    return answer.future();
  }

  /**
   * A server to connect to.
   *
   * @param title tells its pools from those of others; empty for the primary
   */
  private record Server(String title, PgConnectOptions options, CircuitBreaker breaker) {}
}
