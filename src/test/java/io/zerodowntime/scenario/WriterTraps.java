package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Leads writers through the phases of a live controller, and into each trap on the way. */
final class WriterTraps {
  private static final String SIDES =
      "SELECT concat(old_status, '|', coalesce(status, '-')) FROM shop_orders WHERE id = %d";

  private static final String NEWEST =
      """
      SELECT max(heartbeat_at) FROM migration_instance
      WHERE migration = 'shop-order-status' AND requested_phase = 1
      """;

  /** Drivers prepare a statement that is sent more often than about five times. */
  private static final int OFTEN = 10;

  private static final long NO_SUCH_ROW = 999_999_999;

  private final ShopOrders orders;
  private final List<WriterProcess> writers;
  private final TrapTable table;
  private final WaitingWriters waiting;

  /**
   * @param orders in phase 0
   * @param writers that have sent nothing yet
   */
  WriterTraps(ShopOrders orders, List<WriterProcess> writers, TrapTable table) {
    this.orders = orders;
    this.writers = new ArrayList<>(writers);
    this.table = table;
    this.waiting = new WaitingWriters(orders, writers);
  }

  /** From phase 0 to 3. */
  void forward() throws Exception {
    each(Trap.ISOLATION, this::isolation);
    each(Trap.NO_ROW, this::missingRow);
    heartbeats();
    slowStatements();
    each(Trap.STALE_PHASE, writer -> writesBoth(writer, 3));
    each(
        Trap.READ_BY_PHASE,
        writer -> readsPast("status = 'wrong'", "status = lower(old_status)", writer));
    pausedUntilContract();
    each(
        Trap.READ_BY_PHASE,
        writer -> readsPast("old_status = 'WRONG'", "old_status = 'PAID'", writer));
  }

  /** The step from phase 3 to 2, taken while each writer waits for the table. */
  void stepBack() throws Exception {
    for (int i = 0; i < OFTEN; i++) {
      each(Trap.SLOW_STATEMENT, writer -> change(writer, 10, "paid"));
    }
    try (Connection holder = waiting.forTheTable(10)) {
      orders.flags().edit(2);
      orders.walk().awaitPhase("2");
      holder.rollback();
    }
    each(
        Trap.SLOW_STATEMENT,
        writer -> {
          assertThat(writer.answer()).startsWith("ok");
          assertThat(sides(writer, 10)).isEqualTo("RETURNED|returned");
        });
  }

  /** From phase 2, whose old column is stale, to 3 again, and past the drop. */
  void again() throws Exception {
    orders.walk().backToReadNew();
    each(Trap.STALE_PHASE, writer -> writesBoth(writer, 5));
    each(Trap.STALE_PHASE, writer -> writesBoth(writer, 3));
    each(
        Trap.READ_BY_PHASE,
        writer -> readsPast("old_status = 'WRONG'", "old_status = upper(status)", writer));
    changedType();
    lostConnections();
    transactions();
    each(Trap.NO_ROW, this::missingRow);
    orders.walk().drop();
    each(Trap.CHANGED_COLUMN, writer -> writesNew(writer, 8));
    startAgain();
    each(Trap.CHANGED_COLUMN, writer -> writesNew(writer, 9));
  }

  private void each(Trap trap, TrapTable.Check check) {
    writers.forEach(writer -> table.check(trap, writer, check));
  }

  private String sides(WriterProcess writer, int row) {
    return orders.ask(SIDES.formatted(writer.row(row)));
  }

  private void change(WriterProcess writer, int row, String status)
      throws IOException, InterruptedException {
    long id = writer.row(row);
    assertThat(writer.ask("change", id, status)).isEqualTo("ok " + id);
  }

  private void isolation(WriterProcess writer) throws Exception {
    String before = sides(writer, 1);
    for (String level : List.of("repeatable read", "serializable")) {
      assertThat(writer.ask("begin", level)).startsWith("ok");
      String answer = writer.ask("change", writer.row(1), "returned");
      assertThat(writer.ask("rollback")).startsWith("ok");
      assertThat(answer).as(level).startsWith("error").contains("READ COMMITTED");
    }
    assertThat(sides(writer, 1)).isEqualTo(before);
  }

  private void missingRow(WriterProcess writer) throws Exception {
    assertThat(writer.ask("change", NO_SUCH_ROW, "paid")).isEqualTo("none");
    assertThat(writer.ask("read", NO_SUCH_ROW)).isEqualTo("none");
  }

  /** The flags ask for phase 1, and the writers for phase 0. */
  private void heartbeats() throws IOException, InterruptedException {
    askForExpand();
    orders.flags().edit(1);
    Set<String> beats = new HashSet<>();
    await()
        .until(
            () -> {
              askForExpand();
              beats.add(orders.ask(NEWEST));
              return beats.size() > 4;
            });
    each(
        Trap.HEARTBEAT,
        writer -> {
          assertThat(writer.ask("heartbeat", writer.name(), 0)).isEqualTo("ok " + writer.name());
          assertThat(orders.phase()).isEqualTo("0");
        });
    orders.flags().edit(0);
    await().until(() -> orders.ask(NEWEST) == null);
  }

  private void askForExpand() throws IOException, InterruptedException {
    for (WriterProcess writer : writers) {
      writer.ask("heartbeat", writer.name(), 0);
    }
  }

  /** The step to phase 1, which dead instances no longer hold back, finds a statement in flight. */
  private void slowStatements() throws Exception {
    String before;
    try (Connection holder = waiting.forTheirRow(2)) {
      orders.flags().edit(1);
      orders.walk().awaitPhase("1 draining");
      before = orders.ask("SELECT clock_timestamp()");
      holder.rollback();
    }
    orders.walk().awaitPhase("1");
    String waited = orders.ask("SELECT drained_at > '%s' FROM migration_state".formatted(before));
    each(
        Trap.SLOW_STATEMENT,
        writer -> {
          assertThat(writer.answer()).startsWith("ok");
          assertThat(sides(writer, 2)).as("by the rule of its snapshot").isEqualTo("RETURNED|-");
          assertThat(waited).as("the step waited for it").isEqualTo("t");
        });
  }

  private void writesBoth(WriterProcess writer, int row) throws Exception {
    change(writer, row, "paid");
    assertThat(sides(writer, row)).isEqualTo("PAID|paid");
    String created = writer.ask("create", "shipped");
    assertThat(created).startsWith("ok ");
    assertThat(orders.ask(SIDES.formatted(Long.valueOf(created.substring(3)))))
        .isEqualTo("SHIPPED|shipped");
  }

  /** A column that does not count has another value for a moment. */
  private void readsPast(String wrong, String right, WriterProcess writer) throws Exception {
    String of = " WHERE id = " + writer.row(3);
    orders.ask("UPDATE shop_orders SET " + wrong + of);
    String answer = writer.ask("read", writer.row(3));
    orders.ask("UPDATE shop_orders SET " + right + of);
    assertThat(answer).isEqualTo("ok paid");
  }

  private void pausedUntilContract() throws Exception {
    for (WriterProcess writer : writers) {
      writer.signal("STOP");
      writer.send("change", writer.row(4), "returned");
    }
    try {
      orders.walk().toReadNew();
      orders.walk().toContract();
      assertThat(writers).noneMatch(WriterProcess::answered);
    } finally {
      for (WriterProcess writer : writers) {
        writer.signal("CONT");
      }
    }
    each(
        Trap.PAUSED,
        writer -> {
          assertThat(writer.answer()).startsWith("ok");
          assertWritesNewOnly(writer, 4);
          assertThat(writer.ask("read", writer.row(4))).isEqualTo("ok returned");
        });
  }

  private void assertWritesNewOnly(WriterProcess writer, int row) {
    assertThat(sides(writer, row)).endsWith("|returned").doesNotStartWith("RETURNED");
  }

  /** Statements that were sent often, and are prepared where a driver does so. */
  private void changedType() throws SQLException {
    for (int i = 0; i < OFTEN; i++) {
      each(
          Trap.CHANGED_COLUMN,
          writer -> assertThat(writer.ask("read", writer.row(5))).isEqualTo("ok paid"));
      each(Trap.CHANGED_COLUMN, writer -> change(writer, 5, "paid"));
    }
    orders.ask("ALTER TABLE shop_orders ALTER COLUMN status TYPE text");
    try {
      each(
          Trap.CHANGED_COLUMN,
          writer -> assertThat(writer.ask("read", writer.row(5))).isEqualTo("ok paid"));
      each(Trap.CHANGED_COLUMN, writer -> change(writer, 5, "shipped"));
    } finally {
      orders.ask("ALTER TABLE shop_orders ALTER COLUMN status TYPE varchar(50)");
    }
  }

  private void lostConnections() throws Exception {
    each(Trap.LOST_CONNECTION, writer -> change(writer, 6, "paid"));
    try (Connection holder = waiting.forTheirRow(6)) {
      waiting.endSessions();
      each(Trap.LOST_CONNECTION, writer -> assertThat(writer.answer()).startsWith("error"));
      holder.rollback();
    }
    each(
        Trap.LOST_CONNECTION,
        writer -> {
          assertThat(writer.ask("read", writer.row(6))).isEqualTo("ok paid");
          assertThat(sides(writer, 6)).isEqualTo("PAID|paid");
        });
  }

  /** A statement before and one behind the step to phase 3, in one transaction. */
  private void transactions() throws Exception {
    each(
        Trap.TRANSACTION,
        writer -> assertThat(writer.ask("begin", "read committed")).startsWith("ok"));
    each(Trap.TRANSACTION, writer -> change(writer, 7, "returned"));
    orders.flags().edit(3);
    orders.walk().awaitPhase("3 draining");
    each(Trap.TRANSACTION, writer -> change(writer, 1, "returned"));
    each(Trap.TRANSACTION, writer -> assertThat(writer.ask("commit")).startsWith("ok"));
    orders.walk().awaitPhase("3");
    each(
        Trap.TRANSACTION,
        writer -> {
          assertThat(sides(writer, 7)).isEqualTo("RETURNED|returned");
          assertWritesNewOnly(writer, 1);
        });
  }

  private void writesNew(WriterProcess writer, int row) throws Exception {
    change(writer, row, "returned");
    assertThat(orders.ask("SELECT status FROM shop_orders WHERE id = " + writer.row(row)))
        .isEqualTo("returned");
    assertThat(writer.ask("read", writer.row(row))).isEqualTo("ok returned");
    assertThat(writer.ask("create", "paid")).startsWith("ok");
  }

  /** What starts now believes in phase 0, whose column is gone. */
  private void startAgain() throws IOException {
    for (int i = 0; i < writers.size(); i++) {
      writers.set(i, orders.startAgain(writers.get(i)));
    }
  }
}
