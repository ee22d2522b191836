package io.zerodowntime.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real Redis on a port of its own, of Debian's package redis-server. */
public final class RedisServer implements AutoCloseable {
  private final Path directory;
  private final int port;
  private final List<String> options;
  private Process process;

  /**
   * @param options of its command line, beside port and directory
   */
  public RedisServer(int port, String... options) {
    this.port = port;
    this.options = List.of(options);
    try {
      directory = Files.createTempDirectory("redis");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start();
  }

  /** Whether this machine has one; tests that need it are skipped where it has none. */
  public static boolean isInstalled() {
    return Path.of("/usr/bin/redis-server").toFile().canExecute();
  }

  public static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it, with the data of its last {@code SAVE}; returns when it answers. */
  public void start() {
    List<String> line =
        new ArrayList<>(
            List.of("/usr/bin/redis-server", "--dir", directory.toString(), "--save", ""));
    if (!options.contains("--tls-port")) {
      line.addAll(List.of("--port", String.valueOf(port)));
    }
    line.addAll(options);
    try {
      process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log.txt").toFile())
              .start();
      Timeouts.await()
          .failFast("redis-server has ended", () -> !process.isAlive())
          .until(
              () ->
                  Files.readString(directory.resolve("log.txt"))
                      .contains("Ready to accept connections"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public int port() {
    return port;
  }

  /** Where it keeps its data. */
  public Path directory() {
    return directory;
  }

  /** Runs a command by redis-cli, and gives what it prints. */
  public String run(String... command) {
    List<String> line = new ArrayList<>(List.of("redis-cli", "-p", String.valueOf(port)));
    line.addAll(List.of(command));
    try {
      Process client = new ProcessBuilder(line).redirectErrorStream(true).start();
      client.getOutputStream().close();
      return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a signal to it, for example {@code STOP}. */
  public void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Ends it as a crash does. */
  public void kill() {
    try {
      process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
