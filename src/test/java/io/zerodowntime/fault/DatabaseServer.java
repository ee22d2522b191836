package io.zerodowntime.fault;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A PostgreSQL server whose processes can be frozen, ended and started again. */
final class DatabaseServer implements AutoCloseable {
  private static final long STOP_SECONDS = 120;

  private final Path data;
  private EmbeddedPostgres server;

  private DatabaseServer(Path data) throws IOException {
    this.data = data;
    this.server = start(data, 0);
  }

  /**
   * @param directory for its data
   */
  static DatabaseServer start(Path directory) throws IOException {
    return new DatabaseServer(directory.resolve("data"));
  }

  private static EmbeddedPostgres start(Path data, int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setServerConfig("max_connections", "200")
        // without it an immediate stop loses what was acknowledged
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("fsync", "on")
        .setServerConfig("shared_buffers", "128MB")
        .setPort(port)
        .start();
  }

  int port() {
    return server.getPort();
  }

  /** A session that does not go through the proxy. */
  Connection connect(String database) throws SQLException {
    return server.getDatabase("postgres", database).getConnection();
  }

  void execute(String database, String sql) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Stops all its processes where they are (SIGSTOP). */
  void freeze() throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    signal("STOP", Stream.of(postmaster));
    signal("STOP", postmaster.children());
  }

  /** Lets them go on. */
  void thaw() throws IOException, InterruptedException {
    ProcessHandle postmaster = postmaster();
    signal("CONT", Stream.concat(postmaster.children(), Stream.of(postmaster)));
  }

  /**
   * Ends it.
   *
   * @param signal INT is {@code pg_ctl stop -m fast}, QUIT is {@code -m immediate}
   * @return how long it took; at most two minutes, then it is killed
   */
  Duration stop(String signal) throws IOException, InterruptedException, ExecutionException {
    ProcessHandle postmaster = postmaster();
    long began = System.nanoTime();
    signal(signal, Stream.of(postmaster));
    try {
      postmaster.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      signal("QUIT", Stream.of(postmaster));
    }
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Starts it again on the same port. */
  void restart() throws IOException {
    int port = server.getPort();
    server.close();
    server = start(data, port);
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
  public void close() throws IOException {
    server.close();
  }
}
