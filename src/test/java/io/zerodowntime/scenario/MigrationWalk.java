package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.awaitility.core.ConditionFactory;

/** Walks a fleet that applies schema changes automatically from one phase to the next. */
final class MigrationWalk {
  private final Fleet fleet;
  private final OrdersTable table;
  private final Operator operator;

  /**
   * @param instance the one that the operator speaks to, counted from 0
   */
  MigrationWalk(Fleet fleet, OrdersTable table, int instance) {
    this.fleet = fleet;
    this.table = table;
    this.operator = fleet.operator(instance);
  }

  /** A timeout longer than a transaction which a stopped process left open. */
  static ConditionFactory await() {
    return Timeouts.await().pollInterval(Duration.ofMillis(100));
  }

  void toDualWrite() throws IOException {
    fleet.flags().edit(1);
    awaitPhase("1");
  }

  void toReadNew() throws Exception {
    demand(operator.post("backfill"), 202);
    await().until(this::parityIsClean);
    fleet.flags().edit(2);
    awaitPhase("2");
  }

  private boolean parityIsClean() throws IOException, InterruptedException {
    JsonNode parity = operator.status().get("parity");
    return !parity.isNull()
        && parity.get("state").asText().equals("complete")
        && parity.get("mismatchedRows").asLong() == 0;
  }

  /** From phase 3, until the old column is refilled and compared. */
  void backToReadNew() throws Exception {
    fleet.flags().edit(2);
    awaitPhase("2");
    demand(operator.post("backfill"), 202);
    await().until(() -> !operator.status().get("oldStale").asBoolean());
  }

  void toContract() throws IOException {
    fleet.flags().edit(3);
    awaitPhase("3");
  }

  void drop() throws Exception {
    await().until(() -> operator.remedy("soak").isEmpty());
    demand(operator.post("contract"), 200);
  }

  void awaitPhase(String phase) {
    await().until(() -> table.phase().equals(phase));
  }

  private static void demand(HttpResponse<String> answer, int status) {
    if (answer.statusCode() != status) {
      throw new AssertionError(answer.statusCode() + " " + answer.body());
    }
  }
}
