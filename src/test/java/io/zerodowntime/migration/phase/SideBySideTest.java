package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** This version beside an older one, and beside a newer one that has added to the tables. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SideBySideTest {
  private static final List<String> TABLES =
      List.of(
          "migration_state",
          "migration_history",
          "migration_instance",
          "backfill_run",
          "backfill_progress",
          "parity_mismatch",
          "parity_shadow",
          "parity_shadow_instance");

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
  }

  @Test
  void waitsForTheEndOfAVersionThatCannotDualWrite() {
    database.run(
        "INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to,"
            + " version) VALUES ('orders-status', 'old-pod', 1, 0, '0.0.9')");
    assertThat(engine.ask(1)).isZero();
    engine.beat();
    assertThat(engine.phase()).isZero();
    assertThat(engine.gates().get("instances-dual-write").reason()).contains("old-pod");
    assertThat(engine.status().instances())
        .anySatisfy(
            instance -> {
              assertThat(instance.version()).isEqualTo("0.0.9");
              assertThat(instance.writesUpTo().phase()).isZero();
            });

    database.run("DELETE FROM migration_instance WHERE instance = 'old-pod'");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
  }

  @Test
  void doesNotSeeWhatANewerVersionAddedToItsTables() {
    String added = "later boolean, ADD COLUMN later_still text NOT NULL DEFAULT 'x'";
    TABLES.forEach(table -> database.run("ALTER TABLE " + table + " ADD COLUMN " + added));
    try {
      engine.walkTo(3);
      assertThat(Api.order("side_by_side").statusCode()).isEqualTo(201);
      assertThat(engine.ask(2)).isEqualTo(2);
      engine.beat();
      engine.ask(1);
      engine.backfill();
      engine.compare();
      engine.beat();
      assertThat(engine.phase()).isEqualTo(1);
      assertThat(Api.operator().get(Api.MIGRATION + "/history").statusCode()).isEqualTo(200);
    } finally {
      TABLES.forEach(
          table ->
              database.run("ALTER TABLE " + table + " DROP COLUMN later, DROP COLUMN later_still"));
    }
  }
}
