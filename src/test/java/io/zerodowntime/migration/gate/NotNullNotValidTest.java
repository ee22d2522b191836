package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

/** From PostgreSQL 18 on a NOT NULL constraint may say nothing about the rows that are there. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class NotNullNotValidTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @Test
  void doesNotCountBeforeItIsValidated() throws Exception {
    database.reset();
    assumeThat(database.number("SELECT current_setting('server_version_num')"))
        .isGreaterThanOrEqualTo(180_000);
    engine.ask(0);
    database.orders(200);
    engine.walkTo(2);
    database.run("ALTER TABLE orders ADD CONSTRAINT present NOT NULL status NOT VALID");

    Verdict gate = engine.gates().get("new-column-not-null");
    assertThat(gate.open()).isFalse();
    assertThat(gate.reason()).isEqualTo("status is NOT NULL for new rows only");
    assertThat(gate.remedy()).isEqualTo("ALTER TABLE orders VALIDATE CONSTRAINT present");

    database.run(gate.remedy());
    assertThat(engine.gates().get("new-column-not-null").open()).isTrue();
  }
}
