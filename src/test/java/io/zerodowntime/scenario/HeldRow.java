package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.Road.await;

import io.zerodowntime.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** A row that somebody else holds, until it is closed: a worker stops within the batch it is in. */
final class HeldRow implements AutoCloseable {
  private static final String WAITING =
      """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE '%backfill_progress%'
      """;

  private final Table table;
  private final Connection holder;

  HeldRow(TestDatabase database, Table table, long id) throws SQLException {
    this.table = table;
    this.holder = database.dataSource().getConnection();
    holder.setAutoCommit(false);
    try (Statement statement = holder.createStatement()) {
      statement.execute("SELECT FROM orders WHERE id = " + id + " FOR UPDATE");
    }
  }

  /** The process id of the worker's session, once it waits for the row. */
  String awaitWorker() {
    return await().until(() -> table.ask(WAITING), pid -> pid != null);
  }

  /** Releases the row, and waits until no worker's session is left that waited for it. */
  @Override
  public void close() throws SQLException {
    holder.rollback();
    holder.close();
    await().until(() -> table.ask(WAITING) == null);
  }
}
