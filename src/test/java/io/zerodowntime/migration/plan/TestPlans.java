package io.zerodowntime.migration.plan;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.TestMigrations;
import io.zerodowntime.migration.gate.TestGates;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.Timeouts;

/** Plans, for tests without an application. */
public final class TestPlans {
  private TestPlans() {}

  /**
   * The plan by what a database says now.
   *
   * @param url as {@code postgresql://host:port/database?user=name}
   * @param others of the same definitions
   */
  public static MigrationPlan of(String url, Migration migration, Migration... others) {
    Vertx vertx = Vertx.vertx();
    Pool pool =
        Pool.newInstance(
            PgBuilder.pool().connectingTo(PgConnectOptions.fromUri(url)).using(vertx).build());
    Uni<MigrationPlan> plan =
        new Plans(
                pool,
                TestGates.over(pool),
                EngineConfig.with("migration.primary", "first"),
                TestMigrations.of(others))
            .of(migration);
    try {
      return plan.await().atMost(Timeouts.LIMIT);
    } finally {
      pool.close()
          .chain(() -> Uni.createFrom().completionStage(vertx.close().toCompletionStage()))
          .await()
          .atMost(Timeouts.LIMIT);
    }
  }
}
