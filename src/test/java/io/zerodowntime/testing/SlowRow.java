package io.zerodowntime.testing;

import static io.zerodowntime.testing.Timeouts.await;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** An order whose change does not end before this is closed: a worker stops within its batch. */
public final class SlowRow implements AutoCloseable {
  // a lock would not do: a batch gives way to it
  private static final String CREATE =
      """
      CREATE TABLE slow_row AS SELECT %d::bigint AS id;
      CREATE OR REPLACE FUNCTION slow_row() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        WHILE EXISTS (SELECT FROM slow_row) LOOP
          PERFORM pg_sleep(0.01);
        END LOOP;
        RETURN NEW;
      END $$;
      CREATE TRIGGER slow_row BEFORE UPDATE ON orders FOR EACH ROW
        WHEN (NEW.id = %d) EXECUTE FUNCTION slow_row();
      """;

  private static final String WORKER =
      """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'
        AND query LIKE '%backfill_progress%' AND pid <> pg_backend_pid()
      """;

  private final DataSource database;

  public SlowRow(DataSource database, long id) throws SQLException {
    this.database = database;
    run(CREATE.formatted(id, id));
  }

  private void run(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private String worker() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(WORKER)) {
      return rows.next() ? rows.getString(1) : null;
    }
  }

  /** The process id of the worker's session, once it is within the row's batch. */
  public String awaitWorker() {
    return await().until(this::worker, pid -> pid != null);
  }

  /** Lets the change end, and waits until no worker's session is left within it. */
  @Override
  public void close() throws SQLException {
    run("DELETE FROM slow_row");
    await().until(() -> worker() == null);
    run("DROP TRIGGER slow_row ON orders; DROP TABLE slow_row");
  }
}
