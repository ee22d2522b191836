package io.zerodowntime.migration.status;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** Dashboards and alert rules hold on to these names. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class MetricNamesTest {
  private static final String OF = "{migration=\"orders-status\"";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject StatusMetrics gauges;

  @Test
  void areWhatTheDashboardsAskFor() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(2000);
    engine.ask(1);
    engine.beat();
    database.orders(10);
    engine.backfill();
    Api.order("a-key", "paid");
    Api.order("a-key", "paid");
    Engine.await(gauges.refresh());

    String metrics = given().get("/q/metrics").asString();
    SoftAssertions softly = new SoftAssertions();
    for (String name :
        new String[] {
          "http_server_requests_seconds_bucket{",
          "orders_created_total",
          "orders_replayed_total",
          "migration_phase{kind=\"requested\"",
          "migration_phase{kind=\"effective\"",
          "migration_gate_open{gate=\"backfill-complete\"",
          "migration_drain_seconds_count" + OF,
          "backfill_rows_total{kind=\"scanned\"",
          "backfill_rows_total{kind=\"changed\"",
          "backfill_rows_per_second" + OF,
          "migration_index_build_seconds" + OF,
          "backfill_lag_rows" + OF,
          "backfill_locked_rows" + OF,
          "backfill_lock_timeouts_total" + OF,
          "backfill_batch_seconds_bucket{",
          "shadow_reads_total" + OF + ",result=\"match\"",
          "shadow_reads_total" + OF + ",result=\"mismatch\"",
          "shadow_reads_total" + OF + ",result=\"error\"",
          "parity_mismatches" + OF,
          "flags_rejected_total" + OF
        }) {
      softly.assertThat(metrics.lines()).as(name).anyMatch(line -> line.startsWith(name));
    }
    softly.assertAll();
    assertThat(metrics.lines())
        .anyMatch(
            line -> line.startsWith("migration_phase{kind=\"effective\"") && line.endsWith(" 1.0"));
  }
}
