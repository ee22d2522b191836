package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ConditionTimeoutException;

/** Walks a fleet that applies schema changes automatically from one phase to the next. */
final class MigrationWalk {
  private final FlagFiles flags;
  private final Supplier<String> phase;
  private final Operator operator;

  /**
   * The migration of orders.
   *
   * @param instance the one that the operator speaks to, counted from 0
   */
  MigrationWalk(Fleet fleet, OrdersTable table, int instance) {
    this(fleet.flags(), table::phase, fleet.operator(instance));
  }

  /**
   * Any migration.
   *
   * @param flags its own
   * @param phase that is in force, for example {@code 1}, or {@code 1 draining}
   */
  MigrationWalk(FlagFiles flags, Supplier<String> phase, Operator operator) {
    this.flags = flags;
    this.phase = phase;
    this.operator = operator;
  }

  /** A timeout longer than a transaction which a stopped process left open. */
  static ConditionFactory await() {
    return Timeouts.awaitRun().pollInterval(Duration.ofMillis(100));
  }

  void toDualWrite() throws IOException {
    flags.edit(1);
    awaitPhase("1");
  }

  void toReadNew() throws Exception {
    demand(operator.post("backfill"), 202);
    awaitCleanParity();
    flags.edit(2);
    awaitPhase("2");
  }

  /** Until a comparison has found no mismatch. */
  void awaitCleanParity() {
    described(this::parityIsClean);
  }

  private boolean parityIsClean() throws IOException, InterruptedException {
    JsonNode parity = operator.status().get("parity");
    return !parity.isNull()
        && parity.get("state").asText().equals("complete")
        && parity.get("mismatchedRows").asLong() == 0;
  }

  /** From phase 3, until the old column is refilled and compared. */
  void backToReadNew() throws Exception {
    flags.edit(2);
    awaitPhase("2");
    demand(operator.post("backfill"), 202);
    described(() -> !operator.status().get("oldStale").asBoolean());
  }

  /** From phase 2, whose old column is filled. */
  void backToDualWrite() throws IOException {
    flags.edit(1);
    awaitPhase("1");
  }

  /** From phase 1. */
  void toExpand() throws IOException {
    flags.edit(0);
    awaitPhase("0");
  }

  void toContract() throws IOException {
    flags.edit(3);
    awaitPhase("3");
  }

  void drop() throws Exception {
    described(() -> operator.remedy("soak").isEmpty());
    demand(operator.post("contract"), 200);
  }

  void awaitPhase(String expected) {
    described(() -> phase.get().equals(expected));
  }

  /** A failure says where the migration stands. */
  private void described(Callable<Boolean> condition) {
    try {
      await().until(condition);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(operator.describe(), e);
    }
  }

  private static void demand(HttpResponse<String> answer, int status) {
    if (answer.statusCode() != status) {
      throw new AssertionError(answer.statusCode() + " " + answer.body());
    }
  }
}
