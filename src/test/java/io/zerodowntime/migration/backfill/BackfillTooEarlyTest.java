package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Proves that a backfill is refused where a write by an earlier rule may still commit. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class BackfillTooEarlyTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.orders(100);
    engine.ask(0);
  }

  @Test
  void isRefusedInPhase0() {
    assertRefused("phase 1");
  }

  @Test
  void isRefusedInPhase1BeforeTheDrain() throws Exception {
    try (Connection writer = database.session("writer")) {
      execute(writer, "UPDATE orders SET amount = 1 WHERE id = 1");
      assertThat(engine.ask(1)).isEqualTo(1);
      assertRefused("epoch 1 is not drained");
      writer.rollback();
    }
    engine.beat();
    assertThat(Api.command("/backfill").statusCode()).isEqualTo(202);
  }

  @Test
  void isRefusedInPhase3() {
    database.phase(3);
    assertRefused("phase 3");
  }

  @Test
  void isRefusedBesideAnotherRun() {
    database.phase(1);
    assertThat(Api.command("/backfill").statusCode()).isEqualTo(202);
    Response second = Api.command("/backfill");
    assertThat(second.statusCode()).isEqualTo(409);
    assertThat(second.jsonPath().getString("detail")).contains("active");
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isOne();
  }

  private void assertRefused(String reason) {
    Response refused = Api.command("/backfill");

    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:migration-refused");
    assertThat(refused.jsonPath().getString("detail")).contains(reason);
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isZero();
    assertThat(database.number("SELECT count(*) FROM backfill_progress")).isZero();
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NOT NULL")).isZero();
  }
}
