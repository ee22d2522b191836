package io.zerodowntime.db;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.impl.CloseFuture;
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
import jakarta.inject.Inject;
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
  private final DatabaseServers servers;
  private final PrimaryLine line;
  private final LongAdder closed = new LongAdder();
  private final CloseFuture closing = new CloseFuture();
  private volatile @Nullable Input input;
  private volatile @Nullable Server primary;
  private volatile @Nullable Server direct;
  private volatile @Nullable ConnectionFactory looks;

  @Inject
  DatabasePools(
      PoolSettings settings, CircuitBreaker breaker, DatabaseServers servers, PrimaryLine line) {
    this.settings = settings;
    this.breaker = breaker;
    this.servers = servers;
    this.line = line;
  }

  DatabasePools(PoolSettings settings, CircuitBreaker breaker) {
    this(settings, breaker, DatabaseServers.none(), new PrimaryLine());
  }

  /** Makes the engine's pool; whoever closes it closes all. */
  @Override
  public io.vertx.sqlclient.Pool create(Input given) {
    input = given;
    PgConnectOptions shared = shared();
    Server requests = primaryServer(shared);
    primary = requests;
    direct = servers.direct().map(url -> directServer(url, shared)).orElse(requests);
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
    DatabaseUrl complete = servers.complete(url);
    PgConnectOptions options = ServerOptions.of(complete, shared());
    SessionRules rules = new SessionRules(Pooling.NONE, null);
    return pool(new Server(url.place(), options, breaker, complete, rules), name, false);
  }

  /** Without a URL the client's own options say where it is. */
  private Server primaryServer(PgConnectOptions shared) {
    Pooling pooling = servers.pooling();
    return servers
        .primary()
        .map(
            url ->
                new Server(
                    "",
                    ServerOptions.of(url, shared),
                    breaker,
                    url,
                    new SessionRules(pooling, pooling == Pooling.TRANSACTION ? null : looked(url))))
        .orElseGet(
            () -> new Server("", shared, breaker, null, new SessionRules(Pooling.NONE, null)));
  }

  private Server directServer(DatabaseUrl url, PgConnectOptions shared) {
    return new Server(
        "",
        ServerOptions.of(url, shared),
        new CircuitBreaker(
            "the database of DATABASE_DIRECT_URL", settings.deadline(), System::nanoTime),
        url,
        new SessionRules(Pooling.NONE, looked(url)));
  }

  /** One host is taken for what it is, without a statement more. */
  private @Nullable PrimaryLine looked(DatabaseUrl url) {
    return url.hosts().size() > 1 || url.target() != TargetSession.ANY ? line : null;
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

  /**
   * Looks at the hosts that are not used now. Of two primaries the one of the later timeline is
   * right, and only who looks at both can tell.
   */
  @Scheduled(
      every = "${" + DatabaseServers.OTHER_HOSTS + ":off}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> lookAtOtherHosts() {
    Server server = direct;
    ConnectionFactory factory = looks;
    if (server == null || factory == null) {
      return Uni.createFrom().voidItem();
    }
    VertxInternal vertx = (VertxInternal) input().vertx();
    PgConnectOptions begin = server.options(settings.of(CONTROL), CONTROL, 1);
    return Uni.createFrom()
        .emitter(
            emitter ->
                server
                    .lookAtOthers(factory, begin, vertx.createEventLoopContext())
                    .onComplete(done -> emitter.complete(null)));
  }

  /** What needs sessions of its own, or must not wait behind requests, goes past a pooler. */
  private io.vertx.sqlclient.Pool primary(String name, boolean pipelined) {
    Server server = name.equals(ENGINE) || name.equals(CONTROL) ? direct : primary;
    return pool(Objects.requireNonNull(server), name, pipelined);
  }

  private io.vertx.sqlclient.Pool pool(Server server, String name, boolean pipelined) {
    VertxInternal vertx = (VertxInternal) input().vertx();
    PoolSettings.Bounds bounds = settings.of(name);
    String title = server.title().isEmpty() ? name : name + " " + server.title();
    BoundedPool pool =
        new BoundedPool(
            vertx,
            settings.options(name, input().poolOptions(), pipelined).setName(title),
            pipelined ? PoolSettings.pipeline(name) : 0,
            closing);
    PgConnectOptions begin = server.options(bounds, title, PoolSettings.pipeline(name));
    ConnectionFactory factory = PgDriver.INSTANCE.createConnectionFactory(vertx, begin);
    if (name.equals(CONTROL)) {
      looks = factory;
    }
    pool.connectionProvider(context -> connect(server, factory, begin, context, bounds));
    closing.add(factory);
    return pool.init();
  }

  private Future<SqlConnection> connect(
      Server server,
      ConnectionFactory factory,
      PgConnectOptions begin,
      Context context,
      PoolSettings.Bounds bounds) {
    CircuitBreaker breaker = server.breaker();
    if (!breaker.admits()) {
      return Future.future(
          refused ->
              context.runOnContext(
                  later -> refused.fail(new NotConnectedException("it is away", null))));
    }
    long began = System.nanoTime();
    return server
        .connect(factory, begin, context)
        .map(
            connection ->
                new ResponseLimit(bounds.response(), breaker::lastReturn, closed, System::nanoTime)
                    .on(connection))
        .onComplete(connected -> breaker.succeeded(), failure -> breaker.failed(began, failure))
        .recover(failure -> Future.failedFuture(new NotConnectedException(failure)));
  }
}
