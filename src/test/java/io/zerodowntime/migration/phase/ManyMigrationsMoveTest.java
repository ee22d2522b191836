package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.TwentyMigrations;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Proves that a beat reconciles a few migrations, and that the next beats come to the others. */
@QuarkusTest
@TestProfile(TwentyMigrations.class)
class ManyMigrationsMoveTest {
  private static final int AT_ONCE = 4;

  @Inject EngineDatabase database;
  @Inject Heartbeat heartbeat;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    TwentyMigrations.register(database);
    for (int n = 1; n < TwentyMigrations.COUNT; n++) {
      database.run("CREATE TABLE IF NOT EXISTS t%d (id int PRIMARY KEY, o text)".formatted(n));
    }
    database.run("UPDATE migration_state SET drained_at = NULL, draining = NULL");
  }

  @Test
  void aBeatDrainsSomeAndTheNextOnesTheOthers() {
    for (int drained = AT_ONCE; drained <= TwentyMigrations.COUNT; drained += AT_ONCE) {
      Engine.await(heartbeat.beat());
      assertThat(
              database.number("SELECT count(*) FROM migration_state WHERE drained_at IS NOT NULL"))
          .isEqualTo(drained);
    }
  }
}
