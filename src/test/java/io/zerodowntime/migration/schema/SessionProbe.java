package io.zerodowntime.migration.schema;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jboss.logmanager.ExtLogRecord;

/** What trap tests hold against a runner, and what they listen to. */
final class SessionProbe {
  /** A thread for each task, which may block: the common pool has one only on two processors. */
  static final Executor THREADS = task -> new Thread(task, "runner").start();

  private SessionProbe() {}

  /** A stranger's session in a transaction that has read the table and stays open. */
  static Connection holding(SchemaTestDatabase database, String applicationName)
      throws SQLException {
    return holding(database.as(applicationName, database.stranger()));
  }

  /** A session in a transaction that has read the table and stays open until it is closed. */
  static Connection holding(DataSource source) throws SQLException {
    Connection connection = source.getConnection();
    connection.setAutoCommit(false);
    connection.createStatement().execute("SELECT count(*) FROM orders");
    return connection;
  }

  /** The log of the package while a test runs. */
  static final class Log extends Handler implements AutoCloseable {
    private static final Logger LOGGER = Logger.getLogger("io.zerodowntime.migration.schema");

    private final List<String> lines = new CopyOnWriteArrayList<>();

    Log() {
      LOGGER.addHandler(this);
    }

    List<String> lines() {
      return lines;
    }

    @Override
    public void publish(LogRecord logged) {
      lines.add(
          logged instanceof ExtLogRecord formatted
              ? formatted.getFormattedMessage()
              : logged.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      LOGGER.removeHandler(this);
    }
  }
}
