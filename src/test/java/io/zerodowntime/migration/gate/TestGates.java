package io.zerodowntime.migration.gate;

import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.TestMigrations;
import io.zerodowntime.testing.EngineConfig;

/** The gates, for tests without an application. */
public final class TestGates {
  private TestGates() {}

  public static GateEvaluator over(Pool pool) {
    return new Gates(
        EngineConfig.with("migration.soak", "PT0S"),
        new DefinitionCheck(pool, TestMigrations.of()));
  }
}
