package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.TestMigrations;
import io.zerodowntime.testing.EngineConfig;
import java.util.List;

/** The gates, for tests without an application. */
public final class TestGates {
  private TestGates() {}

  public static GateEvaluator over(Pool pool) {
    return new Gates(
        EngineConfig.with("migration.soak", "PT0S"),
        new DefinitionCheck(pool, TestMigrations.of()),
        () -> Uni.createFrom().item(List.of()),
        List.of());
  }
}
