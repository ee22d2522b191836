package io.zerodowntime.migration.gate;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every step up and down, and what each gate wants to see before it. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class GateWalkTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(3000);
  }

  @Test
  void goesAllTheWayUpAndDown() {
    engine.walkTo(3);
    assertThat(Api.order("phase_three").statusCode()).isEqualTo(201);
    assertThat(database.mismatches()).as("phase 3 leaves the old column stale").isPositive();

    assertThat(engine.ask(2)).isEqualTo(2);
    engine.beat();
    assertThat(engine.status().phase().oldStale()).isTrue();
    assertThat(engine.ask(0)).as("the old column is stale").isEqualTo(2);
    assertClosed("reverse-backfill-complete", "old column stale", "backfill");
    assertThat(engine.backfill().changed()).isOne();
    engine.beat();
    assertThat(engine.phase()).as("no comparison yet").isEqualTo(2);
    assertClosed("parity-zero", "no parity scan", "/parity");

    engine.compare();
    engine.beat();
    assertThat(engine.phase()).as("NOT NULL would refuse the writers of phase 0").isEqualTo(1);
    assertClosed("new-column-optional", "NOT NULL", "expand");
    assertThat(engine.status().phase().oldStale()).isFalse();
    engine.apply(SchemaStage.RELAX);
    engine.beat();
    assertThat(engine.phase()).isZero();
    assertThat(database.mismatches()).isZero();
    assertThat(
            database.rows(
                "SELECT from_phase || '-' || to_phase FROM migration_history ORDER BY id"))
        .containsExactly("0-1", "1-2", "2-3", "3-2", "2-1", "1-0");
  }

  @Test
  void readsTheNewColumnOnlyAfterBackfillComparisonAndIndex() {
    assertThat(engine.ask(2)).isEqualTo(1);
    assertClosed("backfill-complete", "no backfill in this epoch", "POST /migrations/");
    assertClosed("parity-zero", "no parity scan in this epoch", "verify");
    assertClosed("new-indexes", "orders_status_idx", "expand");
    assertClosed("replicas", "no backfill to wait for", "backfill");
    assertOpen("drained", "epoch 1 is drained");

    engine.backfill();
    assertOpen("backfill-complete", "complete, 3000 rows");
    assertOpen("replicas", "0 replicas, 0 behind");
    engine.apply(SchemaStage.INDEX);
    assertOpen("new-indexes", "all are valid");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);

    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(2);
  }

  @Test
  void doesNotReadTheNewColumnWhileRowsDisagreeUntilTheyAreRepaired() {
    engine.ask(2);
    engine.beat();
    engine.backfill();
    engine.apply(SchemaStage.INDEX);
    database.run("UPDATE orders SET status = 'outsider' WHERE id IN (5, 2500)");

    assertThat(engine.compare().mismatched()).isEqualTo(2);
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    assertClosed("parity-zero", "2 mismatches, 2 keys unrepaired", "/parity/repair");

    assertThat(Api.command("/parity/repair").statusCode()).isEqualTo(202);
    engine.work(engine.lastRun(), 1);
    engine.beat();
    assertThat(engine.phase()).as("the repair is not proven yet").isEqualTo(1);
    assertThat(engine.compare().mismatched()).isZero();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(2);
    assertThat(database.mismatches()).isZero();
  }

  @Test
  void wantsABackfillThatSawEveryRow() {
    engine.ask(2);
    engine.beat();
    engine.backfill();
    assertOpen("backfill-complete", "3000 rows; the table has 3000 within its keys");
    database.run("UPDATE backfill_run SET scanned = 2990, inserted = 9");
    assertClosed("backfill-complete", "rows were not seen", "backfill");
    database.run("UPDATE backfill_run SET inserted = 10");
    assertOpen("backfill-complete", "10 inserted meanwhile");
    database.run("UPDATE backfill_run SET table_rows = NULL");
    assertClosed("backfill-complete", "the table was not counted", "backfill");
  }

  @Test
  void wantsNoReverseBackfillIfPhase3NeverCame() {
    engine.walkTo(2);
    assertThat(engine.ask(1)).isEqualTo(1);
  }

  @Test
  void wantsTheDrainBeforeItGoesBack() throws Exception {
    engine.walkTo(1);
    engine.backfill();
    engine.compare();
    engine.apply(SchemaStage.INDEX);
    try (Connection writer = database.session("writer")) {
      execute(writer, "UPDATE orders SET amount = 2 WHERE id = 1");
      assertThat(engine.ask(2)).isEqualTo(2);
      assertThat(engine.ask(1)).isEqualTo(2);
      assertClosed("drained", "still running: 1", "gracePeriod");
      writer.rollback();
    }
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
  }

  @Test
  void forgetsTheEvidenceOfEarlierEpochs() {
    engine.walkTo(1);
    engine.backfill();
    engine.compare();
    engine.apply(SchemaStage.INDEX);
    assertThat(engine.ask(0)).isZero();
    assertThat(Api.order("phase_zero").statusCode()).isEqualTo(201);

    assertThat(engine.ask(2)).isEqualTo(1);
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    assertClosed("backfill-complete", "no backfill in this epoch", "backfill");
    assertClosed("parity-zero", "no parity scan in this epoch", "");
    assertThat(engine.backfill().changed()).isOne();
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(2);
  }

  @Test
  void doesNotCountARunFromBeforeTheDrainNorOneThatWasCancelled() {
    engine.ask(1);
    engine.beat();
    engine.backfill();
    engine.compare();
    engine.apply(SchemaStage.INDEX);
    database.run("UPDATE migration_state SET drained_at = clock_timestamp()");
    assertClosed("backfill-complete", "no backfill in this epoch", "");

    engine.startBackfill();
    assertClosed("backfill-complete", "is running", "");
    assertThat(Api.command("/backfill/cancel").statusCode()).isEqualTo(202);
    assertClosed("backfill-complete", "is cancelled", "");
  }

  @Test
  void wantsAComparisonThatIsYoungerThanTheBackfill() {
    engine.ask(1);
    engine.beat();
    engine.compare();
    engine.backfill();
    assertThat(engine.gates().get("parity-zero").open()).isFalse();
  }

  @Test
  void writesTheNewColumnOnlyIfItIsThereAndOptional() {
    database.run("ALTER TABLE orders RENAME COLUMN status TO elsewhere");
    try {
      assertThat(engine.ask(1)).isZero();
      assertClosed("new-column", "does not exist", "expand");
    } finally {
      database.run("ALTER TABLE orders RENAME COLUMN elsewhere TO status");
    }
    database.run("UPDATE orders SET status = 'x'");
    database.run("ALTER TABLE orders ALTER COLUMN status SET NOT NULL");
    engine.beat();
    assertThat(engine.phase()).isZero();
    assertClosed("new-column", "NOT NULL without a default", "expand");
  }

  @Test
  void leavesTheOldColumnOnlyIfItIsOptionalAndTheNewOneComplete() {
    engine.walkTo(2);
    assertThat(engine.ask(3)).isEqualTo(2);
    assertClosed("old-column-optional", "NOT NULL without a default", "expand");
    assertClosed("new-column-not-null", "accepts NULL", "expand");
    assertOpen("shadow-clean", "0 did not");

    database.shadowReads(0, 100, 1);
    engine.apply(SchemaStage.ENFORCE);
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(2);
    assertClosed("shadow-clean", "100 reads agreed, 1 did not", "writer from outside");
    database.run("UPDATE parity_shadow_instance SET mismatches = 0");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
  }

  @Test
  void keepsTheVerdictsInTheHistory() {
    engine.walkTo(2);
    assertThat(
            database.rows(
                "SELECT jsonb_path_query_array(evidence, '$.gates[*].gate')::text"
                    + " FROM migration_history ORDER BY id"))
        .containsExactly(
            "[\"definition\", \"new-column\", \"unique-key\", \"instances-dual-write\"]",
            "[\"drained\", \"backfill-complete\", \"parity-zero\", \"new-indexes\", \"replicas\"]");
    assertThat(List.copyOf(engine.gates().keySet())).contains("soak", "clean-scan", "shadow-clean");
  }

  private void assertClosed(String gate, String reason, String remedy) {
    Verdict verdict = engine.gates().get(gate);
    assertThat(verdict).as(gate).isNotNull();
    assertThat(verdict.open()).as(verdict.toString()).isFalse();
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.remedy()).isNotBlank().contains(remedy);
  }

  private void assertOpen(String gate, String reason) {
    Verdict verdict = engine.gates().get(gate);
    assertThat(verdict).as(gate).isNotNull();
    assertThat(verdict.open()).as(verdict.toString()).isTrue();
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.remedy()).isEmpty();
  }
}
