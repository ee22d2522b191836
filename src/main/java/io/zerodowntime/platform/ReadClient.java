package io.zerodowntime.platform;

import io.quarkus.reactive.pg.client.PgPoolCreator;
import io.quarkus.runtime.ShutdownEvent;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/**
 * A second, small set of connections for short reads that never wait for a row lock. On these
 * statements are pipelined: the next one is sent before the last one is answered, so client and
 * server handle several for one wake-up. A write must not go here, for it would hold up what is
 * behind it while it waits for a lock.
 */
@Singleton
public class ReadClient implements PgPoolCreator {
  private static final int CONNECTIONS = 4;
  private static final int PIPELINE = 32;

  private volatile SqlClient reads;

  @Override
  public Pool create(Input input) {
    reads =
        SqlClient.newInstance(
            PgBuilder.client()
                .with(new PoolOptions(input.poolOptions()).setMaxSize(CONNECTIONS))
                .connectingTo(
                    new PgConnectOptions(input.pgConnectOptionsList().get(0))
                        .setPipeliningLimit(PIPELINE))
                .using(input.vertx())
                .build());
    return PgBuilder.pool()
        .with(input.poolOptions())
        .connectingTo(input.pgConnectOptionsList().get(0))
        .using(input.vertx())
        .build();
  }

  /** For a single statement that reads a few rows by a key, outside a transaction. */
  public SqlClient client() {
    return reads;
  }

  void close(@Observes ShutdownEvent event) {
    reads.closeAndForget();
  }
}
