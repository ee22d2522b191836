package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is known to disagree is neither left behind by a step nor dropped. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class KnownMismatchTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(3000);
    engine.walkTo(2);
    engine.apply(SchemaStage.ENFORCE);
  }

  @Test
  void staysInPhase2UntilTheRowsAreRepairedAndComparedAgain() {
    database.run("UPDATE orders SET old_status = 'OUTSIDER' WHERE id IN (5, 2500)");
    assertThat(engine.compare().mismatched()).isEqualTo(2);
    assertThat(engine.ask(3)).isEqualTo(2);
    assertClosed("clean-scan", "2 mismatches, 2 keys unrepaired", "status wins");
    assertThat(Api.status().jsonPath().getList("mismatchedKeys.source"))
        .isEqualTo(List.of("scan", "scan"));

    Response repair = Api.command("/parity/repair");
    assertThat(repair.statusCode()).isEqualTo(202);
    JsonPath begun = repair.jsonPath();
    assertThat(begun.getString("kind")).isEqualTo("reverse");
    assertThat(begun.getList("authoritativeColumns")).isEqualTo(List.of("status"));
    engine.work(engine.lastRun(), 1);
    engine.beat();
    assertThat(engine.phase()).as("the repair is not proven yet").isEqualTo(2);
    engine.follow();
    assertThat(engine.work(engine.lastRun(), 2).mismatched()).isZero();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
    assertThat(database.number("SELECT count(*) FROM orders WHERE status = 'outsider'")).isZero();
  }

  @Test
  void wantsAComparisonOfThisStayInPhase2() {
    assertThat(engine.ask(3)).isEqualTo(2);
    assertClosed("clean-scan", "no comparison of every row in this epoch", "verify");
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
  }

  @Test
  void comparesWithoutBeingAskedOnceTheFleetAsksForPhase3() {
    engine.follow();
    assertThat(engine.lastRun().epoch()).as("no instance asks for phase 3 yet").isEqualTo(1);

    engine.ask(3);
    engine.follow();
    Run scan = engine.lastRun();
    assertThat(scan.kind()).isEqualTo(RunKind.PARITY);
    assertThat(scan.epoch()).isEqualTo(2);
    engine.follow();
    assertThat(engine.lastRun().id()).as("one is enough").isEqualTo(scan.id());
    engine.work(scan, 2);
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
  }

  @Test
  void doesNotBeginAScanAgainThatTheOperatorCancelledOrThatFoundSomething() {
    engine.ask(3);
    engine.follow();
    assertThat(Api.command("/backfill/cancel").statusCode()).isEqualTo(202);
    engine.follow();
    assertThat(engine.lastRun().state()).isEqualTo(RunState.CANCELLED);

    database.run("UPDATE orders SET old_status = 'OUTSIDER' WHERE id = 5");
    Run scan = engine.compare();
    engine.follow();
    assertThat(engine.lastRun().id()).isEqualTo(scan.id());
  }

  @Test
  void keepsTheColumnWhileAKeyIsUnrepaired() {
    engine.compare();
    assertThat(engine.ask(3)).isEqualTo(3);
    engine.beat();
    mismatch(1);

    Response refused = Api.command("/contract");
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.jsonPath().getList("gates.gate")).isEqualTo(List.of("keys-repaired"));
    assertClosed("keys-repaired", "1 key", "phase 2");

    Response repair = Api.command("/parity/repair");
    assertThat(repair.statusCode()).isEqualTo(409);
    assertThat(repair.jsonPath().getString("detail")).contains("go back to phase 2");

    assertThat(engine.ask(2)).isEqualTo(2);
    engine.beat();
    engine.backfill();
    engine.compare();
    assertThat(engine.ask(3)).isEqualTo(3);
    engine.beat();
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);
  }

  @Test
  void keepsTheColumnWhileTheNewOneAcceptsNull() {
    engine.compare();
    engine.ask(3);
    engine.beat();
    database.run("ALTER TABLE orders ALTER COLUMN status DROP NOT NULL");
    Response refused = Api.command("/contract");
    assertThat(refused.jsonPath().getList("gates.gate")).isEqualTo(List.of("new-column-not-null"));
  }

  @Test
  void repairsTheWholeTableWhereMoreKeysThanItTakesDisagree() {
    database.run(
        "UPDATE orders SET old_status = 'OUTSIDER' WHERE id <= 1500;"
            + " INSERT INTO parity_mismatch (migration, key, epoch, source)"
            + " SELECT 'orders-status', n::text, 2, 'scan' FROM generate_series(1, 1000) AS n");
    assertThat(Api.command("/parity/repair").jsonPath().getBoolean("wholeTable")).isTrue();
    assertThat(engine.work(engine.lastRun(), 2).changed()).isEqualTo(1500);
    assertThat(database.mismatches()).isZero();
  }

  private void mismatch(long id) {
    database.run(
        "INSERT INTO parity_mismatch (migration, key, epoch, source)"
            + " SELECT name, '%d', epoch - 1, 'shadow' FROM migration_state".formatted(id));
  }

  private void assertClosed(String gate, String reason, String remedy) {
    Verdict verdict = engine.gates().get(gate);
    assertThat(verdict).as(gate).isNotNull();
    assertThat(verdict.open()).as(verdict.toString()).isFalse();
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.remedy()).contains(remedy);
  }
}
