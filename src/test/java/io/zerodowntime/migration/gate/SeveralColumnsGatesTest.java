package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gates of a migration of several columns look at each of them, and name those at fault. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SeveralColumnsGatesTest {
  private static final Migration PAIRS =
      new Migration(
          "other",
          "pair",
          List.of("id"),
          List.of(ComputedColumn.of("a", "x"), ComputedColumn.of("b", "y")),
          List.of(ComputedColumn.of("x", "a"), ComputedColumn.of("y", "b")),
          List.of(),
          List.of(),
          Migration.Options.NONE);

  @Inject EngineDatabase database;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run("CREATE TABLE pair (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL)");
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 0, 0)");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE pair");
  }

  private void assertGate(Step step, String gate, boolean open, String reason) {
    List<Verdict> verdicts =
        Engine.await(
            states
                .state(pool, PAIRS)
                .chain(state -> gates.verdicts(pool, PAIRS, state, step, List.of())));
    assertThat(verdicts)
        .filteredOn(verdict -> verdict.gate().equals(gate))
        .singleElement()
        .satisfies(
            verdict -> {
              assertThat(verdict.reason()).isEqualTo(reason);
              assertThat(verdict.open()).isEqualTo(open);
            });
  }

  @Test
  void wantsEveryNewColumn() {
    Step step = Step.EXPAND_TO_DUAL_WRITE;
    assertGate(step, "new-column", false, "x and y do not exist");
    database.run("ALTER TABLE pair ADD COLUMN x int NOT NULL");
    assertGate(step, "new-column", false, "y does not exist; x is NOT NULL without a default");
    database.run("ALTER TABLE pair ADD COLUMN y int CHECK (y IS NOT NULL)");
    assertGate(step, "new-column", false, "x and y are NOT NULL without a default");
    assertGate(
        Step.DUAL_WRITE_TO_EXPAND,
        "new-column-optional",
        false,
        "x and y are NOT NULL without a default");
    database.run("ALTER TABLE pair ALTER x DROP NOT NULL, ALTER y SET DEFAULT 0");
    assertGate(step, "new-column", true, "x and y exist and may be left out");
    assertGate(Step.DUAL_WRITE_TO_EXPAND, "new-column-optional", true, "x and y may be left out");
  }

  @Test
  void wantsEveryOldColumnOptional() {
    Step step = Step.READ_NEW_TO_CONTRACT;
    assertGate(step, "old-column-optional", false, "a and b are NOT NULL without a default");
    database.run("ALTER TABLE pair ALTER a DROP NOT NULL");
    assertGate(step, "old-column-optional", false, "b is NOT NULL without a default");
    database.run("ALTER TABLE pair ALTER b DROP NOT NULL");
    assertGate(step, "old-column-optional", true, "a and b may be left out");
    assertGate(Step.CONTRACT_TO_READ_NEW, "old-column", true, "a and b exist");
    database.run("ALTER TABLE pair DROP COLUMN b");
    assertGate(step, "old-column-optional", false, "b is gone");
    assertGate(Step.CONTRACT_TO_READ_NEW, "old-column", false, "b was dropped");
  }

  /** One is enough: no row is without its new values then, and others may be NULL by design. */
  @Test
  void wantsOneNewColumnNotNull() {
    Step step = Step.READ_NEW_TO_CONTRACT;
    database.run("ALTER TABLE pair ADD COLUMN x int, ADD COLUMN y int");
    assertGate(step, "new-column-not-null", false, "x and y accept NULL");
    database.run("ALTER TABLE pair ALTER y SET NOT NULL");
    assertGate(step, "new-column-not-null", true, "y is NOT NULL");
    database.run("ALTER TABLE pair ALTER x SET NOT NULL");
    assertGate(step, "new-column-not-null", true, "x and y are NOT NULL");
  }
}
