package io.zerodowntime.testing;

import io.zerodowntime.http.LogFilter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Filter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What the console shows as an error or with a stack trace while it is open. */
public final class LoggedFailures extends Handler implements AutoCloseable {
  private final Filter filter = new LogFilter();
  private final List<String> failures = new CopyOnWriteArrayList<>();

  public LoggedFailures() {
    Logger.getLogger("").addHandler(this);
  }

  public List<String> all() {
    return failures;
  }

  @Override
  public void publish(LogRecord entry) {
    boolean shown =
        entry.getLevel().intValue() >= Level.INFO.intValue() && filter.isLoggable(entry);
    if (shown && (entry.getThrown() != null || entry.getLevel().intValue() >= 1000)) {
      failures.add(entry.getLoggerName() + ": " + entry.getMessage() + " " + entry.getThrown());
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    Logger.getLogger("").removeHandler(this);
  }
}
