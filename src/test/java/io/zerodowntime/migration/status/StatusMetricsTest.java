package io.zerodowntime.migration.status;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.TwentyMigrations;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that the gauges read a few migrations at a time, and come to all of them. */
@QuarkusTest
@TestProfile(TwentyMigrations.class)
class StatusMetricsTest {
  private static final int AT_ONCE = 4;

  @Inject EngineDatabase database;
  @Inject StatusMetrics gauges;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    TwentyMigrations.register(database);
  }

  @Test
  void readAFewMigrationsAtATimeAndComeToAll() {
    for (int shown = AT_ONCE; shown <= TwentyMigrations.COUNT; shown += AT_ONCE) {
      Engine.await(gauges.refresh());
      assertThat(shown()).isEqualTo(shown);
    }
    // the others are shown where one is not registered
    database.run("DELETE FROM migration_state WHERE name = 't7'");
    refreshAll();
    assertThat(shown()).isEqualTo(TwentyMigrations.COUNT - 1);
  }

  private void refreshAll() {
    for (int i = 0; i < TwentyMigrations.COUNT / AT_ONCE; i++) {
      Engine.await(gauges.refresh());
    }
  }

  private static long shown() {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("migration_phase{kind=\"effective\""))
        .count();
  }
}
