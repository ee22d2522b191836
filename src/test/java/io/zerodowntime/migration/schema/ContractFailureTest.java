package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.sql.Connection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A drop that fails changes nothing, and the operator is told why. */
@QuarkusTest
@TestProfile(OwnerProfile.class)
class ContractFailureTest {
  private static final String INDEX =
      "SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_old_status_idx'";
  private static final String CERTIFICATE =
      "SELECT count(*) FROM migration_history WHERE kind = 'contract'";

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void phase3() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(200);
    engine.walkTo(3);
  }

  @Test
  void aTableThatIsHeldIsATemporaryProblem() throws Exception {
    try (Connection holder = database.session("nightly report")) {
      execute(holder, "SELECT count(*) FROM orders");
      Response refused = Api.command("/contract");

      assertProblem(refused, 503, "schema-busy", "nightly report");
      assertThat(refused.header("Retry-After")).isEqualTo("30");
      holder.rollback();
    }
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);
    assertThat(database.number(INDEX)).isZero();
  }

  @Test
  void aDatabaseThatForbidsTheDropIsAConflict() {
    // only a superuser may create an event trigger
    database.runAsSuperuser(
        "CREATE FUNCTION forbid() RETURNS event_trigger LANGUAGE plpgsql"
            + " AS $$ BEGIN RAISE EXCEPTION 'columns stay until the audit'; END $$",
        "CREATE EVENT TRIGGER forbid ON sql_drop EXECUTE FUNCTION forbid()");
    try {
      assertProblem(
          Api.command("/contract"), 409, "schema-change-failed", "columns stay until the audit");
    } finally {
      database.runAsSuperuser("DROP EVENT TRIGGER forbid", "DROP FUNCTION forbid");
    }
    assertThat(Api.command("/contract").statusCode()).isEqualTo(200);
  }

  private void assertProblem(Response refused, int status, String type, String reason) {
    assertThat(refused.statusCode()).as(refused.asString()).isEqualTo(status);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:" + type);
    assertThat(refused.jsonPath().getString("detail")).contains(reason);
    assertThat(database.number(INDEX)).isOne();
    assertThat(database.number(CERTIFICATE)).isZero();
  }
}
