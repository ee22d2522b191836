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

/** Phase 3, back to 2, and 3 again: with a soak time that wants shadow reads to be counted. */
@QuarkusTest
@TestProfile(ManualProfile.class)
class ReturnToContractTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void walkToPhase3AndBack() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(200);
    engine.walkTo(2);
    engine.apply(SchemaStage.ENFORCE);
    engine.compare();
    readAndCompare();
    lastsAnHour();
    assertThat(engine.ask(3)).isEqualTo(3);
    assertThat(Api.change(7, "phase_three").statusCode()).isEqualTo(200);
    engine.beat();
    assertThat(engine.ask(2)).isEqualTo(2);
    engine.beat();
    assertThat(engine.status().phase().oldStale()).isTrue();
  }

  @Test
  void comesToPhase3AgainAfterAReverseBackfillAndItsComparison() {
    assertThat(engine.ask(3)).isEqualTo(2);
    Verdict scan = engine.gates().get("clean-scan");
    assertThat(scan.open()).isFalse();
    assertThat(scan.reason()).contains("phase 3 left the old column stale");
    assertThat(scan.remedy()).contains("POST /migrations/orders-status/backfill");
    engine.follow();
    assertThat(engine.lastRun().epoch()).as("a comparison would find every row").isEqualTo(2);
    assertThat(engine.gates().get("shadow-clean").remedy()).contains("/backfill");

    assertThat(engine.backfill().changed()).isOne();
    assertThat(engine.status().phase().oldStale()).as("not proven yet").isTrue();
    engine.follow();
    engine.work(engine.lastRun(), 2);
    assertThat(engine.status().phase().oldStale()).isFalse();

    readAndCompare();
    lastsAnHour();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
  }

  @Test
  void staysStaleWhereTheComparisonIsNotClean() {
    engine.backfill();
    database.run("UPDATE orders SET old_status = 'OUTSIDER' WHERE id = 5");
    assertThat(engine.compare().mismatched()).isOne();
    assertThat(engine.status().phase().oldStale()).isTrue();

    assertThat(Api.command("/parity/repair").statusCode()).isEqualTo(202);
    engine.work(engine.lastRun(), 1);
    assertThat(engine.compare().mismatched()).isZero();
    assertThat(engine.status().phase().oldStale()).isFalse();
  }

  @Test
  void staysStaleWhereTheComparisonCameBeforeTheBackfill() {
    assertThat(engine.compare().mismatched()).isOne();
    assertThat(engine.status().phase().oldStale()).isTrue();
    engine.backfill();
    assertThat(engine.status().phase().oldStale()).isTrue();
  }

  @Test
  void goesBackToPhase1OnceTheOldColumnIsProven() {
    engine.backfill();
    engine.compare();
    assertThat(engine.ask(1)).isEqualTo(1);
    assertThat(database.mismatches()).isZero();
  }

  /** Twice: the first read after a step may be sent as the phase before wants it. */
  private void readAndCompare() {
    assertThat(Api.find(1).statusCode()).isEqualTo(200);
    assertThat(Api.find(1).statusCode()).isEqualTo(200);
    engine.flush();
  }

  private void lastsAnHour() {
    database.run("UPDATE migration_state SET changed_at = now() - interval '1 hour'");
  }
}
