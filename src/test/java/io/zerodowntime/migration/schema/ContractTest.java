package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the old column is dropped only behind open gates, and that a certificate stays. */
@QuarkusTest
@TestProfile(OwnerProfile.class)
class ContractTest {
  private static final String EXISTS =
      "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass"
          + " AND attname = 'old_status' AND NOT attisdropped";

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(200);
  }

  @Test
  void dropsTheColumnAndLeavesACertificate() {
    engine.walkTo(3);

    Response answer = Api.command("/contract");

    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
    JsonPath certificate = answer.jsonPath();
    assertThat(certificate.getList("droppedColumns")).isEqualTo(List.of("old_status"));
    assertThat(certificate.getList("keptColumns")).isEqualTo(List.of("status"));
    assertThat(certificate.getString("requestedBy")).isEqualTo("operator");
    assertThat(certificate.getString("walLsn")).matches("[0-9A-F]+/[0-9A-F]+");
    assertThat(certificate.getString("server")).startsWith("PostgreSQL");
    assertThat(certificate.getList("runs.kind")).containsExactly("parity", "parity", "forward");
    assertThat(certificate.getList("gates.open")).hasSize(8).containsOnly(true);

    assertThat(database.number(EXISTS)).isZero();
    assertThat(database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'orders'"))
        .doesNotContain("orders_old_status_idx");
    assertThat(
            database.one(
                "SELECT evidence->>'walLsn' FROM migration_history WHERE kind = 'contract'"))
        .isEqualTo(certificate.getString("walLsn"));
    assertThat(engine.status().phase().contractedAt()).isPresent();
    assertServes();
    assertStaysInPhase3();
    assertThat(database.number(SchemaTestDatabase.SUPERUSERS)).isZero();
  }

  private static void assertServes() {
    assertThat(Api.order("after").statusCode()).isEqualTo(201);
    assertThat(Api.change(1, "after").statusCode()).isEqualTo(200);
    assertThat(Api.find(1).jsonPath().getString("status")).isEqualTo("after");
  }

  private void assertStaysInPhase3() {
    assertThat(engine.ask(2)).isEqualTo(3);
    assertThat(engine.status().phase().nextStep()).isEqualTo("none");
    Response again = Api.command("/contract");
    assertThat(again.statusCode()).isEqualTo(409);
    assertThat(again.jsonPath().getList("gates.gate")).contains("instances-agree", "old-column");
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void isRefusedBeforePhase3WithEveryClosedGate(int phase) {
    engine.walkTo(phase);
    Response refused = Api.command("/contract");

    assertRefused(refused, "instances-agree");
    assertThat(refused.jsonPath().getList("gates.remedy")).doesNotContain("");
  }

  @Test
  void isRefusedWhileAnInstanceAsksForAnotherPhase() {
    engine.walkTo(3);
    database.run(
        "INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to,"
            + " version) VALUES ('orders-status', 'going-back', 2, 3, 'test')");
    assertRefused(Api.command("/contract"), "instances-agree");
  }

  @Test
  void isRefusedBeforeTheDrain() {
    engine.walkTo(3);
    database.run("UPDATE migration_state SET drained_at = NULL");
    assertRefused(Api.command("/contract"), "drained");
  }

  @Test
  void isRefusedAfterAShadowMismatch() {
    engine.walkTo(3);
    database.shadowReads(1, 9, 1);
    assertRefused(Api.command("/contract"), "shadow-clean");
  }

  @Test
  void isRefusedWhileSomethingDependsOnTheColumn() {
    engine.walkTo(3);
    database.run("CREATE VIEW legacy AS SELECT id, old_status FROM orders");
    try {
      assertRefused(Api.command("/contract"), "no-dependents");
    } finally {
      database.run("DROP VIEW legacy");
    }
  }

  @Test
  void isRefusedWhileAnotherSessionReconciles() throws Exception {
    engine.walkTo(3);
    try (Connection other = database.session("other")) {
      execute(
          other, "SELECT pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0))");
      Response refused = Api.command("/contract");
      assertThat(refused.statusCode()).isEqualTo(409);
      assertThat(refused.jsonPath().getString("detail")).contains("in progress");
      assertThat(database.number(EXISTS)).isOne();
      other.rollback();
    }
    assertThat(Api.command("/contract").statusCode()).as("released").isEqualTo(200);
  }

  private void assertRefused(Response refused, String gate) {
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getList("gates.gate")).contains(gate);
    assertThat(refused.jsonPath().getList("gates.reason")).doesNotContain("");
    assertThat(database.number(EXISTS)).isOne();
    assertThat(database.number("SELECT count(*) FROM migration_history WHERE kind = 'contract'"))
        .isZero();
  }
}
