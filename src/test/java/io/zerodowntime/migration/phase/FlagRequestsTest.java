package io.zerodowntime.migration.phase;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that flags move the fleet one step at a time, and only through open gates. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class FlagRequestsTest {
  private static final String STEPS =
      "SELECT from_phase || '-' || to_phase FROM migration_history ORDER BY id";

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(10);
  }

  @Test
  void walkOneStepAtATimeAndStopAtClosedGates() {
    assertThat(engine.ask(3)).isEqualTo(1);
    engine.beat();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    assertThat(engine.status().phase().nextStep()).isEqualTo("1 -> 2");
    assertThat(engine.gates().get("backfill-complete").open()).isFalse();

    engine.backfill();
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).as("no index yet").isEqualTo(1);
    engine.apply(SchemaStage.INDEX);
    engine.beat();
    assertThat(engine.phase()).as("NOT NULL is missing").isEqualTo(2);
    engine.apply(SchemaStage.ENFORCE);
    engine.beat();
    assertThat(engine.phase()).as("no comparison in phase 2 yet").isEqualTo(2);
    engine.compare();
    engine.beat();
    assertThat(engine.phase()).isEqualTo(3);
    assertThat(database.rows(STEPS)).containsExactly("0-1", "1-2", "2-3");
  }

  @Test
  void walkBackOneStepAtATime() {
    engine.walkTo(2);
    assertThat(engine.ask(0)).isZero();
    assertThat(database.rows(STEPS)).containsExactly("0-1", "1-2", "2-1", "1-0");
    assertThat(database.rows("SELECT epoch FROM migration_history ORDER BY id"))
        .containsExactly("1", "2", "3", "4");
  }

  @Test
  void moveNothingWhileInstancesDisagree() {
    instance("stuck-pod", 0, "now()");
    assertThat(engine.ask(1)).isZero();
    engine.beat();

    assertThat(engine.phase()).isZero();
    assertThat(engine.status().phase().requested()).isEmpty();
    assertThat(engine.status().phase().disagreement())
        .hasValueSatisfying(
            who -> assertThat(who).contains("stuck-pod asks for phase 0", "asks for phase 1"));

    database.run("UPDATE migration_instance SET requested_phase = 1 WHERE instance = 'stuck-pod'");
    engine.beat();
    assertThat(engine.phase()).isEqualTo(1);
    assertThat(engine.status().phase().disagreement()).isEmpty();
  }

  @Test
  void moveNothingWhileInstancesWantOppositeWays() {
    database.phase(1);
    instance("rolled-back-pod", 0, "now()");
    assertThat(engine.ask(2)).isEqualTo(1);
    assertThat(database.rows(STEPS)).isEmpty();
  }

  @Test
  void ofADeadInstanceStopCounting() {
    instance("dead-pod", 0, "now() - interval '11 seconds'");
    assertThat(engine.ask(1)).isEqualTo(1);
    assertThat(engine.status().instances())
        .singleElement()
        .satisfies(i -> assertThat(i.instance()).isNotEqualTo("dead-pod"));
  }

  @Test
  void ofAVersionThatCannotDualWriteCloseTheGate() {
    instance("old-pod", 1, "now()");
    database.run("UPDATE migration_instance SET writes_up_to = 0 WHERE instance = 'old-pod'");
    assertThat(engine.ask(1)).isZero();
    assertThat(engine.gates().get("instances-dual-write"))
        .satisfies(
            gate -> {
              assertThat(gate.open()).isFalse();
              assertThat(gate.reason()).contains("old-pod");
              assertThat(gate.remedy()).contains("rollout");
            });
  }

  @ParameterizedTest
  @CsvSource({
    "WRITE_TO_NEW, tru, is \"tru\"",
    "DUAL_WRITE, '', is \"\"",
    "WRITE_TO_NEW, false, a column that no instance writes",
    "READ_FROM_NEW, yes please, is \"yes please\""
  })
  void thatAreGarbageLeaveTheLastValidRequest(String flag, String value, String reason) {
    assertThat(engine.ask(2)).as("backfill is missing").isEqualTo(1);
    double before = rejected();

    engine.flag(flag, value);
    engine.beat();
    engine.beat();

    assertThat(engine.phase()).isEqualTo(1);
    assertThat(engine.status().phase().requested())
        .hasValueSatisfying(phase -> assertThat(phase.phase()).isEqualTo(2));
    assertThat(engine.status().phase().flagsRejected())
        .hasValueSatisfying(why -> assertThat(why).contains(reason));
    assertThat(rejected()).isEqualTo(before + 1);

    engine.ask(1);
    assertThat(engine.status().phase().flagsRejected()).isEmpty();
  }

  private void instance(String name, int requested, String heartbeat) {
    database.run(
        "INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to,"
            + " version, heartbeat_at) VALUES ('orders-status', '%s', %d, 3, 'test', %s)"
                .formatted(name, requested, heartbeat));
  }

  private static double rejected() {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("flags_rejected_total{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
