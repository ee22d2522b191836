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
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** One PostgreSQL server with a directory of its own, to be stopped, frozen, killed, promoted. */
public final class PostgresServer implements AutoCloseable {
  private static final String CONFLICT = "40001";
  private static final int ATTEMPTS = 100;

  private final Path data;
  private EmbeddedPostgres server;

  /**
   * Starts it.
   *
   * @param data its directory; what is there is served
   */
  public PostgresServer(Path data) throws IOException {
    this.data = data;
    this.server = start(data, 0);
  }

  private static EmbeddedPostgres start(Path data, int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setServerConfig("max_connections", "100")
        .setServerConfig("shared_buffers", "32MB")
        .setServerConfig("synchronous_commit", "on")
        // a replica ends a query that keeps it from replaying
        .setServerConfig("max_standby_streaming_delay", "200ms")
        .setPort(port)
        .start();
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
    server = start(data, port);
  }

  /** Ends all its processes at once, without a checkpoint. */
  public void kill() throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    signal("QUIT", Stream.of(postmaster));
    try {
      postmaster.onExit().get(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(e);
    }
  }

  /** Stops all its processes where they are. */
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
