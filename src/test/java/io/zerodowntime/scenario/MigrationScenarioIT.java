package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.Timeouts;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole migration under traffic: forward to phase 3, back to phase 1, forward again, and the
 * old column dropped, while two instances serve. No request may fail, and no write may be lost.
 */
class MigrationScenarioIT {
  private static final long ROWS = Long.getLong("scenario.rows", 100_000);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OLD_COLUMNS =
      "SELECT count(*) FROM information_schema.columns"
          + " WHERE table_name = 'orders' AND column_name = 'old_status'";
  private static final String STEPS =
      "SELECT string_agg(from_phase::text || to_phase, ' ' ORDER BY id) FROM migration_history"
          + " WHERE kind <> 'action'";

  @TempDir Path directory;

  private final TestDatabase database = TestPostgres.create(MigrationScenarioIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
  private Fleet fleet;
  private Traffic traffic;
  private Operator operator;

  @Test
  void ordersMoveWhileTheyAreWrittenAndRead() throws Exception {
    Map<String, String> settings = Map.of("SHADOW_SAMPLE", "0.2", "MIGRATION_SOAK", "2s");
    try (Fleet processes = new Fleet(directory, database, settings)) {
      fleet = processes;
      prepare();
      try (Traffic clients = new Traffic(fleet.addresses(), ledger).start("phase 0")) {
        traffic = clients;
        forward();
        back();
        forwardAgain();
        contract();
      }
      assertThat(traffic.failures().first()).as(fleet.output()).isEmpty();
      assertThat(traffic.failures().broken()).isEmpty();
    }
    judgeTheTable();
    report();
  }

  private void prepare() throws Exception {
    fleet.run(0, "expand");
    table.ask(LegacyOrders.load(ROWS));
    table.ask("ANALYZE orders");
    fleet.serve();
    fleet.serve();
    operator = fleet.operator(1);
  }

  private void forward() throws Exception {
    assertThat(operator.post("backfill").statusCode()).isEqualTo(409);
    await().until(() -> ledger.acknowledgedWrites() > 200);
    traffic.stage("0 -> 1");
    fleet.flags().edit(1);
    awaitPhase("1");
    backfill("forward backfill and parity");
    traffic.stage("index, 1 -> 2");
    fleet.flags().edit(2);
    awaitRemedy("new-indexes", "expand");
    fleet.run(0, "expand");
    awaitPhase("2");
    traffic.stage("constraints, 2 -> 3");
    fleet.flags().edit(3);
    awaitRemedy("new-column-not-null", "expand");
    fleet.run(0, "expand");
    awaitPhase("3");
    settle("phase 3");
  }

  private void back() throws Exception {
    traffic.stage("3 -> 2");
    fleet.flags().edit(2);
    awaitPhase("2");
    fleet.flags().edit(1);
    awaitRemedy("reverse-backfill-complete", "backfill");
    backfill("reverse backfill, parity, 2 -> 1");
    awaitPhase("1");
    settle("phase 1 again");
  }

  private void forwardAgain() throws Exception {
    backfill("forward backfill and parity again");
    traffic.stage("1 -> 2 again");
    fleet.flags().swap(2);
    awaitPhase("2");
    settle("phase 2 again");
    traffic.stage("2 -> 3 again");
    fleet.flags().swap(3);
    awaitPhase("3");
    settle("phase 3 again");
  }

  private void contract() throws Exception {
    traffic.stage("contract");
    HttpResponse<String> answer = operator.post("contract");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode certificate = JSON.readTree(answer.body());
    assertThat(certificate.at("/droppedColumns/0").asText()).isEqualTo("old_status");
    assertThat(certificate.get("requestedBy").asText()).isEqualTo("operator");
    assertThat(certificate.get("runs")).hasSize(8);
    certificate.get("runs").forEach(run -> assertThat(run.get("mismatched").asLong()).isZero());
    certificate.get("gates").forEach(gate -> assertThat(gate.get("open").asBoolean()).isTrue());
    settle("after the drop");
  }

  /** The operator starts it; the comparison follows automatically. */
  private void backfill(String stage) throws Exception {
    traffic.stage(stage);
    HttpResponse<String> begun = operator.post("backfill");
    assertThat(begun.statusCode()).as(begun.body()).isEqualTo(202);
    long run = JSON.readTree(begun.body()).get("run").asLong();
    Timeouts.awaitRun()
        .until(
            () -> {
              JsonNode parity = operator.status().get("parity");
              return !parity.isNull()
                  && parity.get("run").asLong() > run
                  && parity.get("state").asText().equals("complete");
            });
    JsonNode status = operator.status();
    assertThat(status.get("backfill").get("run").asLong()).isEqualTo(run);
    assertThat(status.get("backfill").get("scannedRows").asLong()).isGreaterThanOrEqualTo(ROWS);
    assertThat(status.get("parity").get("mismatchedRows").asLong()).isZero();
    assertThat(status.get("parity").get("scannedRows").asLong()).isGreaterThanOrEqualTo(ROWS);
  }

  /** The phase is written and read for a while, and lasts as long as the soak time. */
  private void settle(String stage) {
    traffic.stage(stage);
    long before = ledger.acknowledgedWrites();
    long until = System.nanoTime() + Duration.ofSeconds(3).toNanos();
    await().until(() -> ledger.acknowledgedWrites() > before + 300 && System.nanoTime() > until);
  }

  private void awaitPhase(String phase) {
    await().until(() -> table.phase().equals(phase));
  }

  private void awaitRemedy(String gate, String remedy) {
    await().until(() -> operator.remedy(gate).contains(remedy));
  }

  private ConditionFactory await() {
    Callable<Boolean> wrong = () -> !traffic.failures().none();
    return Timeouts.await()
        .atMost(Duration.ofMinutes(5))
        .pollInterval(Duration.ofMillis(100))
        .failFast(
            () -> assertThat(wrong.call()).as(() -> "" + traffic.failures().first()).isFalse());
  }

  private void judgeTheTable() throws Exception {
    assertThat(ledger.complaintsAboutUnknown()).isEmpty();
    assertThat(table.compare(ledger, "status")).isEmpty();
    assertThat(ledger.uncertainCreations()).isZero();
    assertThat(table.ask("SELECT count(*) FROM parity_mismatch")).isEqualTo("0");
    assertThat(table.ask("SELECT sum(mismatches) + sum(errors) FROM parity_shadow_instance"))
        .isEqualTo("0");
    assertThat(table.count("SELECT sum(matches) FROM parity_shadow_instance")).isPositive();
    assertThat(table.ask(OLD_COLUMNS)).isEqualTo("0");
    assertThat(table.ask(STEPS)).isEqualTo("01 12 23 32 21 12 23 33");
  }

  private void report() {
    traffic.summary().forEach(System.out::println);
    System.out.printf(
        "%d legacy orders, %d created, %d acknowledged writes: all as they were acknowledged%n",
        ROWS, ledger.createdOrders(), ledger.acknowledgedWrites());
  }
}
