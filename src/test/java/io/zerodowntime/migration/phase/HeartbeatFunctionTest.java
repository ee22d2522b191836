package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An instance of another service that sends heartbeats by SQL takes part in the request. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class HeartbeatFunctionTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  private void outside(String arguments) {
    database.one("SELECT zerodowntime.heartbeat('orders-status', 'node-1', " + arguments + ")");
  }

  @Test
  void noStepIsTakenUntilItAsksForIt() {
    outside("0");
    assertThat(engine.ask(1)).isZero();
    assertThat(engine.status().phase().disagreement())
        .hasValueSatisfying(who -> assertThat(who).contains("node-1 asks for phase 0"));
    outside("1");
    assertThat(engine.ask(1)).isEqualTo(1);
  }

  @Test
  void withoutARequestItAsksForThePhaseInForce() {
    database.phase(2);
    outside("NULL");
    assertThat(database.number("SELECT requested_phase FROM migration_instance")).isEqualTo(2);
  }

  @Test
  void aVersionThatCannotDualWriteKeepsPhase1Closed() {
    outside("1, 0");
    assertThat(engine.ask(1)).isZero();
    assertThat(engine.gates().get("instances-dual-write"))
        .matches(gate -> !gate.open())
        .extracting(Verdict::reason)
        .asString()
        .contains("node-1");
    outside("1, 1");
    assertThat(engine.ask(1)).isEqualTo(1);
  }

  @Test
  void itIsLiveUntilItsLastHeartbeatIsTooOld() {
    outside("0");
    database.run("UPDATE migration_instance SET heartbeat_at = now() - interval '11 s'");
    assertThat(engine.ask(1)).isEqualTo(1);
  }
}
