package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.backfill.ManualProfile;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A phase has to last before the next one comes, and before the column is dropped. */
@QuarkusTest
@TestProfile(ManualProfile.class)
class SoakGateTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(200);
  }

  @Test
  void holdsTheStepAndTheDropUntilThePhaseHasLasted() {
    engine.walkTo(2);
    engine.apply(SchemaStage.ENFORCE);
    engine.compare();
    database.shadowReads(0, 1, 0);
    assertThat(engine.ask(3)).isEqualTo(2);
    assertClosed();
    lasts("59 minutes");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(2);
    lasts("1 hour");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);

    engine.beat();
    assertThat(Api.command("/contract").statusCode()).isEqualTo(409);
    assertClosed();
    lasts("1 hour");
    engine.beat();
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);
  }

  private void assertClosed() {
    Verdict soak = engine.gates().get("soak");
    assertThat(soak.open()).isFalse();
    assertThat(soak.reason()).startsWith("in this phase for ").endsWith(" of 3600 s");
    assertThat(soak.remedy()).contains("MIGRATION_SOAK");
  }

  private void lasts(String interval) {
    database.run("UPDATE migration_state SET changed_at = now() - interval '" + interval + "'");
  }
}
