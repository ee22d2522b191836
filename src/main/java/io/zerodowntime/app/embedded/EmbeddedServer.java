package io.zerodowntime.app.embedded;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** The one class that sees the library with the PostgreSQL binaries; no native image reaches it. */
final class EmbeddedServer implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(EmbeddedServer.class);
  private static final Duration START = Duration.ofSeconds(60);
  private static final long PAUSE_MILLIS = 500;

  /** The library turns off what keeps commits over a crash; here they are to be kept. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "fsync", "on",
          "synchronous_commit", "on",
          "max_connections", "200",
          "unix_socket_directories", "");

  /**
   * What a retry solves: a dying server's last processes; another program on the port just found.
   */
  private static final Pattern PASSING =
      Pattern.compile("shared memory block .* in use|could not create any TCP/IP sockets");

  private final EmbeddedPostgres postgres;
  private final Path data;

  private EmbeddedServer(EmbeddedPostgres postgres, Path data) {
    this.postgres = postgres;
    this.data = data;
  }

  /** Starts the server of a directory that no other process uses. */
  static EmbeddedServer start(EmbeddedDirectory directory) throws IOException {
    long seen = directory.logged();
    try {
      return start(directory, seen);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while PostgreSQL started", e);
    } catch (StartException e) {
      throw e;
    } catch (IOException | RuntimeException | LinkageError e) {
      throw failure(directory, seen, e);
    }
  }

  private static EmbeddedServer start(EmbeddedDirectory directory, long seen)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (true) {
      EmbeddedServer server = new EmbeddedServer(launch(directory), directory.data());
      int status = server.postgres.getProcess().waitFor();
      if (status == 0) {
        return server;
      }
      server.close();
      String words = directory.lastWords(seen);
      if (!PASSING.matcher(words).find() || System.nanoTime() > deadline) {
        throw new IOException("pg_ctl ended with status " + status);
      }
      LOG.infof("trying again to start PostgreSQL: %s", words);
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private static EmbeddedPostgres launch(EmbeddedDirectory directory) throws IOException {
    Path own = ownDirectory();
    Path binaries = Files.createDirectories(own.resolve("binaries"));
    EmbeddedBinaries resolver = new EmbeddedBinaries(binaries);
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(directory.data())
            .setOverrideWorkingDirectory(binaries.toFile())
            .setPgBinaryResolver(resolver)
            .setCleanDataDirectory(false)
            .setRegisterShutdownHook(false)
            .setOutputRedirector(Redirect.appendTo(directory.log().toFile()))
            .setDataDirectoryCustomizer(
                data -> {
                  check(directory, resolver);
                  leaveTheWaitToUs();
                });
    SETTINGS.forEach(builder::setServerConfig);
    return launchAlone(builder, own.resolve("start.lock"));
  }

  /**
   * Whoever can write there chooses what is run: it is this user's alone. The library lets every
   * user write into the directory that it is given, so that one lies below.
   */
  private static Path ownDirectory() throws IOException {
    String user = System.getProperty("user.name").replaceAll("[^A-Za-z0-9_-]", "_");
    return LocalFiles.privateDirectory(
        Path.of(System.getProperty("java.io.tmpdir"), "zerodowntime-postgres-" + user));
  }

  /**
   * The library asks for connections until its time is over, also when {@code pg_ctl} has long
   * given up. An interrupt ends its loop, which runs next; the end of {@code pg_ctl} says the same.
   */
  private static void leaveTheWaitToUs() {
    Thread.currentThread().interrupt();
  }

  /** Unpacking the binaries is not safe when several processes do it at once. */
  private static EmbeddedPostgres launchAlone(EmbeddedPostgres.Builder builder, Path lockFile)
      throws IOException {
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      LOG.tracef("holds %s", lock);
      try {
        return builder.start();
      } finally {
        Thread.interrupted();
      }
    }
  }

  private static void check(EmbeddedDirectory directory, EmbeddedBinaries binaries) {
    try {
      directory.requireVersion(binaries.major());
    } catch (IOException e) {
      throw new StartException(
          directory.data() + " is not a data directory of PostgreSQL: remove it", e);
    }
  }

  private static StartException failure(EmbeddedDirectory directory, long seen, Throwable cause)
      throws IOException {
    String words = directory.lastWords(seen);
    String reason = words.isEmpty() ? String.valueOf(cause.getMessage()) : words;
    return new StartException(
        "the embedded PostgreSQL did not start: " + reason + " (more in " + directory.log() + ")",
        cause);
  }

  int port() {
    return postgres.getPort();
  }

  /** The library waits five seconds only; a large checkpoint can take longer. */
  @Override
  public void close() {
    try {
      Optional<PostmasterFile> server = PostmasterFile.of(data);
      postgres.close();
      if (server.isPresent()) {
        server.get().awaitEnd();
      }
      PostmasterFile.of(data)
          .ifPresent(left -> LOG.warnf("PostgreSQL (pid %d) is still running", (Long) left.pid()));
    } catch (IOException e) {
      LOG.warnf("cannot stop the embedded database: %s", e.getMessage());
    }
  }
}
