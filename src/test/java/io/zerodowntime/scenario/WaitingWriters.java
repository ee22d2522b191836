package io.zerodowntime.scenario;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** Lets each writer wait in the middle of a statement, until the connection is rolled back. */
record WaitingWriters(ShopOrders orders, List<WriterProcess> writers) {
  private static final String WAITING =
      """
      FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
      AND query LIKE '%UPDATE shop_orders%'
      """;

  /** For a row of its own: its statement has locked the table and has its snapshot. */
  Connection forTheirRow(int row) throws SQLException, IOException {
    List<String> keys = writers.stream().map(writer -> String.valueOf(writer.row(row))).toList();
    return behind(
        "SELECT id FROM shop_orders WHERE id IN (%s) FOR UPDATE".formatted(String.join(",", keys)),
        row);
  }

  /** For the table: its statement has no snapshot yet. */
  Connection forTheTable(int row) throws SQLException, IOException {
    return behind("LOCK TABLE shop_orders IN SHARE MODE", row);
  }

  private Connection behind(String lock, int row) throws SQLException, IOException {
    Connection holder = orders.database().dataSource().getConnection();
    holder.setAutoCommit(false);
    try (Statement statement = holder.createStatement()) {
      statement.execute(lock);
    }
    for (WriterProcess writer : writers) {
      writer.send("change", writer.row(row), "returned");
    }
    String all = String.valueOf(writers.size());
    MigrationWalk.await().until(() -> orders.ask("SELECT count(*) " + WAITING).equals(all));
    return holder;
  }

  /** Ends the sessions of the writers that wait. */
  void endSessions() {
    orders.ask("SELECT pg_terminate_backend(pid) " + WAITING);
  }
}
