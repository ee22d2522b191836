package io.zerodowntime.app.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server for first runs, whose data outlives the process. The first process in a
 * directory owns the server and stops it at the end; another one that starts meanwhile joins it.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(EmbeddedDatabase.class);
  private static final Duration START = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 100;

  private final String url;
  private final Optional<EmbeddedServer> owned;
  private final @Nullable FileChannel lock;

  private EmbeddedDatabase(String url, Optional<EmbeddedServer> owned, @Nullable FileChannel lock) {
    this.url = url;
    this.owned = owned;
    this.lock = lock;
  }

  /**
   * Starts the server of a directory, or joins the one that another process runs there. What a
   * killed run left behind is cleared away. Blocks until the server takes connections.
   *
   * @param directory made if absent; the data is kept in {@code postgres} below it
   * @throws StartException if it cannot be started, with one line that says why
   */
  public static EmbeddedDatabase start(Path directory) {
    try {
      Files.createDirectories(directory);
      return start(new EmbeddedDirectory(directory.toRealPath()));
    } catch (IOException e) {
      throw new StartException("cannot use " + directory + ": " + e, e);
    }
  }

  private static EmbeddedDatabase start(EmbeddedDirectory directory) throws IOException {
    FileChannel channel =
        FileChannel.open(directory.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      long deadline = System.nanoTime() + START.toNanos();
      while (System.nanoTime() < deadline) {
        if (tryLock(channel)) {
          return own(directory, channel);
        }
        Optional<PostmasterFile> running =
            PostmasterFile.of(directory.data()).filter(PostmasterFile::ready);
        if (running.isPresent()) {
          channel.close();
          return join(directory, running.get());
        }
        pause();
      }
      throw new StartException(
          "another process holds " + directory.lock() + " and starts no server");
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static EmbeddedDatabase own(EmbeddedDirectory directory, FileChannel lock)
      throws IOException {
    Optional<PostmasterFile> orphan = PostmasterFile.of(directory.data());
    if (orphan.isPresent()) {
      orphan.get().stop();
      LOG.warnf(
          "stopped PostgreSQL (pid %d), which a killed run had left in %s",
          (Long) orphan.get().pid(), directory.data());
    }
    directory.clear();
    EmbeddedLogin login = EmbeddedLogin.of(directory);
    EmbeddedServer server = EmbeddedServer.start(directory);
    try {
      login.require(server.port());
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    directory.complete();
    return new EmbeddedDatabase(login.url(server.port()), Optional.of(server), lock);
  }

  private static EmbeddedDatabase join(EmbeddedDirectory directory, PostmasterFile running)
      throws IOException {
    LOG.infof(
        "joined PostgreSQL (pid %d), which another process runs in %s",
        (Long) running.pid(), directory.data());
    String url = EmbeddedLogin.of(directory).url(running.port());
    return new EmbeddedDatabase(url, Optional.empty(), null);
  }

  /** A null and an exception both mean: held, by another process or by this one. */
  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while waiting for another process");
    }
  }

  /** A {@code DATABASE_URL} of its superuser, with the password. */
  public String url() {
    return url;
  }

  /** Whether another process owns the server. */
  public boolean joined() {
    return owned.isEmpty();
  }

  /** Stops the server and waits for its end; one that was joined keeps running. */
  @Override
  public void close() {
    owned.ifPresent(EmbeddedServer::close);
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      LOG.warnf("cannot release the lock of the embedded database: %s", e.getMessage());
    }
  }
}
