package io.zerodowntime.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** One PostgreSQL server with a directory of its own, to be stopped, frozen, killed, promoted. */
public final class PostgresServer implements AutoCloseable {
  private static final String CONFLICT = "40001";
  private static final int ATTEMPTS = 100;
  private static final long STOP_SECONDS = 120;
  private static final Map<String, String> SMALL =
      Map.of("max_connections", "100", "shared_buffers", "32MB");

  private final Path data;
  private final Map<String, String> settings;
  private EmbeddedPostgres server;

  /**
   * Starts it.
   *
   * @param data its directory; what is there is served
   */
  public PostgresServer(Path data) throws IOException {
    this(data, SMALL);
  }

  /**
   * Starts it.
   *
   * @param data its directory; what is there is served
   * @param settings beside those that every test needs
   */
  public PostgresServer(Path data, Map<String, String> settings) throws IOException {
    this.data = data;
    this.settings = settings;
    this.server = start(0);
  }

  private EmbeddedPostgres start(int port) throws IOException {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            // without it an immediate stop loses what was acknowledged
            .setServerConfig("synchronous_commit", "on")
            // a replica ends a query that keeps it from replaying
            .setServerConfig("max_standby_streaming_delay", "200ms")
            .setPort(port);
    settings.forEach(builder::setServerConfig);
    return TestPostgres.start(builder);
  }

  public int port() {
    return server.getPort();
  }

  /** As a test database, for what takes one. */
  public TestDatabase database() {
    return new TestDatabase("postgres", port());
  }

  /** Stops it; what is committed stays. */
  public void stop() throws IOException {
    server.close();
  }

  /** Starts it again on the same port. */
  public void start() throws IOException {
    int port = server.getPort();
    server.close();
    server = start(port);
  }

  /** Ends all its processes at once, without a checkpoint. */
  public void kill() throws IOException, InterruptedException {
    stop("QUIT");
  }

  /**
   * Ends it.
   *
   * @param signal INT is {@code pg_ctl stop -m fast}, QUIT is {@code -m immediate}
   * @return how long it took; at most two minutes, then it is killed
   */
  public Duration stop(String signal) throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    long began = System.nanoTime();
    signal(signal, Stream.of(postmaster));
    try {
      postmaster.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      signal("QUIT", Stream.of(postmaster));
    } catch (ExecutionException e) {
      throw new IOException(e);
    }
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Stops all its processes where they are (SIGSTOP). */
  public void freeze() throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    signal("STOP", Stream.of(postmaster));
    signal("STOP", postmaster.children());
  }

  /** Lets them go on. */
  public void thaw() throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    signal("CONT", Stream.concat(postmaster.children(), Stream.of(postmaster)));
  }

  /** Makes a primary of a replica, on a timeline of its own. */
  public void promote() {
    ask("SELECT pg_promote(true, 60)");
  }

  /** Every call opens a connection of its own. */
  public Connection connect() throws SQLException {
    return database().dataSource().getConnection();
  }

  /** The same in a database of this name. */
  public Connection connect(String name) throws SQLException {
    return new TestDatabase(name, port()).dataSource().getConnection();
  }

  /** Runs a statement in a database of this name. */
  public void executeIn(String name, String sql) throws SQLException {
    try (Connection connection = connect(name);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  public void execute(String... statements) {
    repeated(
        String.join("; ", statements),
        statement -> {
          for (String sql : statements) {
            statement.execute(sql);
          }
          return "";
        });
  }

  /** The first column of the first row, as a text. */
  public String ask(String sql) {
    return repeated(
        sql,
        statement -> {
          try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
          }
        });
  }

  private interface Work {
    String of(Statement statement) throws SQLException;
  }

  /** A replica ends a query that keeps it from replaying: it is sent again. */
  private String repeated(String what, Work work) {
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        return work.of(statement);
      } catch (SQLException e) {
        if (attempt == ATTEMPTS || !CONFLICT.equals(e.getSQLState())) {
          throw new IllegalStateException(what, e);
        }
      }
    }
  }

  private ProcessHandle postmaster() throws IOException {
    String pid = Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip();
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private static void signal(String name, Stream<ProcessHandle> processes)
      throws IOException, InterruptedException {
    List<String> pids = processes.map(process -> String.valueOf(process.pid())).toList();
    if (!pids.isEmpty()) {
      List<String> line = Stream.concat(Stream.of("kill", "-" + name), pids.stream()).toList();
      new ProcessBuilder(line).start().waitFor();
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
