package io.zerodowntime.app.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A PostgreSQL server as its {@code postmaster.pid} describes it.
 *
 * @param ready whether it takes connections
 */
record PostmasterFile(long pid, Path data, int port, boolean ready) {
  private static final String FILE = "postmaster.pid";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final long POLL_MILLIS = 20;

  /** The running server of a data directory; empty if there is none or the file is a leftover. */
  static Optional<PostmasterFile> of(Path data) throws IOException {
    try {
      return parse(data, Files.readAllLines(data.resolve(FILE))).filter(PostmasterFile::alive);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Lines: pid, data directory, start time, port, socket directory, address, memory, status. */
  private static Optional<PostmasterFile> parse(Path data, List<String> lines) {
    try {
      return Optional.of(
          new PostmasterFile(
              Long.parseLong(lines.get(0).strip()),
              data,
              Integer.parseInt(lines.get(3).strip()),
              lines.size() > 7 && lines.get(7).strip().equals("ready")));
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** The pid may have gone to another program since: only a postgres of this directory counts. */
  private boolean alive() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .flatMap(process -> process.info().commandLine())
        .filter(line -> line.contains("postgres") && line.contains(data.toString()))
        .isPresent();
  }

  /** Ends it: its clients are disconnected, what they committed is kept. */
  void stop() throws IOException {
    for (String signal : List.of("-INT", "-QUIT", "-KILL")) {
      if (!ended()) {
        new ProcessBuilder("kill", signal, String.valueOf(pid)).inheritIO().start();
        awaitEnd();
      }
    }
  }

  /** Waits until it has ended, ten seconds at most. */
  void awaitEnd() throws IOException {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (!ended() && System.nanoTime() < deadline) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private boolean ended() throws IOException {
    return of(data).filter(running -> running.pid == pid).isEmpty();
  }
}
