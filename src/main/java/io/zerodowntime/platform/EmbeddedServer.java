package io.zerodowntime.platform;

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
import org.jboss.logging.Logger;

/** The one class that sees the library with the PostgreSQL binaries; no native image reaches it. */
final class EmbeddedServer implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(EmbeddedServer.class);
  private static final Duration START = Duration.ofSeconds(60);

  /** The library turns off what keeps commits over a crash; here they are to be kept. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "fsync", "on",
          "synchronous_commit", "on",
          "max_connections", "200",
          "unix_socket_directories", "");

  private final EmbeddedPostgres postgres;
  private final Path data;

  private EmbeddedServer(EmbeddedPostgres postgres, Path data) {
    this.postgres = postgres;
    this.data = data;
  }

  /** Starts the server of a directory that no other process uses. */
  static EmbeddedServer start(EmbeddedDirectory directory) throws IOException {
    Path binaries = Path.of(System.getProperty("java.io.tmpdir"), "embedded-pg");
    EmbeddedBinaries resolver = new EmbeddedBinaries(binaries);
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(directory.data())
            .setOverrideWorkingDirectory(binaries.toFile())
            .setPgBinaryResolver(resolver)
            .setCleanDataDirectory(false)
            .setRegisterShutdownHook(false)
            .setPGStartupWait(START)
            .setOutputRedirector(Redirect.appendTo(directory.log().toFile()))
            .setDataDirectoryCustomizer(data -> check(directory, resolver));
    SETTINGS.forEach(builder::setServerConfig);
    try {
      return new EmbeddedServer(startAlone(builder, binaries), directory.data());
    } catch (EmbeddedDatabaseException e) {
      throw e;
    } catch (IOException | RuntimeException | LinkageError e) {
      throw new EmbeddedDatabaseException(
          "the embedded PostgreSQL did not start: " + reason(directory, e), e);
    }
  }

  /** Unpacking the binaries is not safe when several processes do it at once. */
  private static EmbeddedPostgres startAlone(EmbeddedPostgres.Builder builder, Path binaries)
      throws IOException {
    Files.createDirectories(binaries);
    try (FileChannel channel =
            FileChannel.open(
                binaries.resolve("start.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      LOG.tracef("holds %s", lock);
      return builder.start();
    }
  }

  private static void check(EmbeddedDirectory directory, EmbeddedBinaries binaries) {
    try {
      directory.requireVersion(binaries.major());
    } catch (IOException e) {
      throw new EmbeddedDatabaseException(
          directory.data() + " is no data directory of PostgreSQL: remove it", e);
    }
  }

  private static String reason(EmbeddedDirectory directory, Throwable cause) throws IOException {
    String words = directory.lastWords();
    return (words.isEmpty() ? String.valueOf(cause.getMessage()) : words)
        + " (more in "
        + directory.log()
        + ")";
  }

  int port() {
    return postgres.getPort();
  }

  /** The library waits five seconds only; a large checkpoint can take longer. */
  @Override
  public void close() {
    try {
      Optional<Postmaster> server = Postmaster.of(data);
      postgres.close();
      if (server.isPresent()) {
        server.get().awaitEnd();
      }
    } catch (IOException e) {
      LOG.warnf("cannot stop the embedded database: %s", e.getMessage());
    }
  }
}
