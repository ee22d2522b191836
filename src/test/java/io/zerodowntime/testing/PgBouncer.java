package io.zerodowntime.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A PgBouncer process with its own ini on a free port, before a server on this machine. It takes
 * the users of its file without a password. Debian's package puts it into a directory that not
 * every path names.
 */
public final class PgBouncer implements AutoCloseable {
  private static final String INI =
      """
      [databases]
      * = host=localhost port=%d
      [pgbouncer]
      listen_addr = localhost
      listen_port = %d
      unix_socket_dir =
      auth_type = trust
      auth_file = %s
      pool_mode = %s
      default_pool_size = %d
      max_client_conn = 500
      query_wait_timeout = 10
      """;

  private final List<String> command;
  private final int port;
  private final Path log;
  private Process process;

  private PgBouncer(List<String> command, int port, Path log) throws IOException {
    this.command = command;
    this.port = port;
    this.log = log;
    this.process = begin();
  }

  private Process begin() throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /**
   * Starts one; skips the test where the program is not installed.
   *
   * @param directory for its files; made if it is not there
   * @param server the port of the server
   * @param mode {@code session}, {@code transaction} or {@code statement}
   * @param size how many sessions it may have on the server for each user and database
   * @param users beside the superuser
   */
  public static PgBouncer start(Path directory, int server, String mode, int size, String... users)
      throws IOException {
    Optional<String> program = program();
    assumeTrue(program.isPresent(), "pgbouncer is not installed (apt-get install pgbouncer)");
    Files.createDirectories(directory);
    int port = freePort();
    Path ini = directory.resolve("pgbouncer.ini");
    Path file =
        Files.writeString(
            directory.resolve("users.txt"),
            Stream.concat(Stream.of("postgres"), Stream.of(users))
                .map("\"%s\" \"\"\n"::formatted)
                .collect(Collectors.joining()));
    Files.writeString(ini, INI.formatted(server, port, file, mode, size));
    Path log = directory.resolve("pgbouncer.log");
    List<String> command = new ArrayList<>(List.of(program.get()));
    // it does not work as root, and reads its files before it becomes another user
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("-u", "daemon"));
    }
    command.add(ini.toString());
    PgBouncer started = new PgBouncer(command, port, log);
    Timeouts.await().until(started::listens);
    return started;
  }

  private static Optional<String> program() {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .map(directory -> Path.of(directory, "pgbouncer"))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }

  private boolean listens() throws IOException {
    if (!process.isAlive()) {
      throw new IOException("pgbouncer has ended: " + Files.readString(log));
    }
    try (Socket socket = new Socket("localhost", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Ends it at once, with all connections, and starts it again on the same port. */
  public void restart() throws IOException, InterruptedException {
    kill();
    startAgain();
  }

  /** Ends it at once, with all connections. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Starts it again on the same port; returns when it listens. */
  public void startAgain() throws IOException {
    process = begin();
    Timeouts.await().until(this::listens);
  }

  public int port() {
    return port;
  }

  /** What {@code DATABASE_URL} takes, for a database of the server behind it. */
  public String url(String database) {
    return new TestDatabase(database, port).url();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
