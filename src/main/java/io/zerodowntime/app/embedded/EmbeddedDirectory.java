package io.zerodowntime.app.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * The files of one embedded database.
 *
 * @param root an absolute path without symbolic links
 */
record EmbeddedDirectory(Path root) {
  private static final long LOG_LIMIT = 1 << 20;

  Path data() {
    return root.resolve("postgres");
  }

  /** Held by the process that owns the server; the operating system releases it at its death. */
  Path lock() {
    return root.resolve("lock");
  }

  /** What the server prints. */
  Path log() {
    return root.resolve("postgres.log");
  }

  /** Stands while the data directory is being made and holds nothing of value. */
  private Path incomplete() {
    return root.resolve("incomplete");
  }

  /** Removes what a killed run left; to be called with the lock held and no server running. */
  void clear() throws IOException {
    if (Files.exists(incomplete())) {
      delete(data());
    }
    if (!Files.exists(data())) {
      Files.writeString(incomplete(), "");
    }
    Files.deleteIfExists(data().resolve("postmaster.pid"));
    if (Files.exists(log()) && Files.size(log()) > LOG_LIMIT) {
      Files.delete(log());
    }
  }

  /** The server took connections: from here on the data is kept. */
  void complete() throws IOException {
    Files.deleteIfExists(incomplete());
  }

  /**
   * @param major of the server that is about to start, for example 17
   * @throws StartException if another version wrote the data
   */
  void requireVersion(String major) throws IOException {
    String found = Files.readString(data().resolve("PG_VERSION")).strip();
    if (!found.equals(major)) {
      throw new StartException(
          data()
              + " was written by PostgreSQL "
              + found
              + " and this is PostgreSQL "
              + major
              + ": remove that directory to start afresh, or set DATABASE_URL to a server of yours");
    }
  }

  /** The length of what the server has printed, in bytes. */
  long logged() throws IOException {
    return Files.exists(log()) ? Files.size(log()) : 0;
  }

  /**
   * The end of the server's log, on why it did not start; empty if it has none.
   *
   * @param seen what had been printed before, in bytes
   */
  String lastWords(long seen) throws IOException {
    if (!Files.exists(log())) {
      return "";
    }
    byte[] printed = Files.readAllBytes(log());
    int from = (int) Math.min(seen, printed.length);
    return new String(printed, from, printed.length - from, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains("FATAL:") || line.contains("initdb: error:"))
        .reduce((first, second) -> second)
        .orElse("");
  }

  private static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(path)) {
      for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
