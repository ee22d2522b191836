package io.zerodowntime.scenario;

import io.zerodowntime.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A writer in a process of its own, by the helper of its language: it takes a command in a line of
 * words, and answers {@code ok} with a value, {@code none} or {@code error} with a reason. It has
 * rows that no other writer changes.
 */
final class WriterProcess implements AutoCloseable {
  private static final int ROWS = 1000;
  private static final long LIMIT_SECONDS = 60;
  private static final String ENDED = "it has ended";

  private final String name;
  private final List<String> command;
  private final int number;
  private final Path errors;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final Process process;

  /**
   * Starts it.
   *
   * @param name of its language
   * @param number which no other writer has, from 1
   */
  WriterProcess(String name, List<String> command, int number, TestDatabase database)
      throws IOException {
    this.name = name;
    this.command = command;
    this.number = number;
    this.errors = Files.createTempFile("writer", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().put("DATABASE_URL", database.url());
    builder
        .environment()
        .put(
            "JDBC_URL",
            "jdbc:postgresql://localhost:%d/%s?user=postgres&sslmode=disable"
                .formatted(database.port(), database.name()));
    this.process = builder.start();
    Thread reader = new Thread(this::read, name);
    reader.setDaemon(true);
    reader.start();
  }

  /** Another process of the same, which has seen no phase. */
  WriterProcess another(TestDatabase database) throws IOException {
    return new WriterProcess(name, command, number, database);
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      lines.lines().forEach(answers::add);
    } catch (IOException | UncheckedIOException e) {
      answers.add("error " + e);
    }
    answers.add(ENDED);
  }

  String name() {
    return name;
  }

  /** The key of one of its rows. */
  long row(int n) {
    return (long) number * ROWS + n;
  }

  /** Sends a command and gives its answer. */
  String ask(Object... words) throws IOException, InterruptedException {
    send(words);
    return answer();
  }

  /** Sends a command; returns at once. */
  void send(Object... words) throws IOException {
    String line =
        Arrays.stream(words).map(String::valueOf).collect(Collectors.joining(" ", "", "\n"));
    process.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  boolean answered() {
    return !answers.isEmpty();
  }

  /** The answer to the first command that has none yet; at most a minute is waited for it. */
  String answer() throws IOException, InterruptedException {
    String answer = answers.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (answer == null || answer.equals(ENDED)) {
      throw new AssertionError(name + " gives no answer: " + Files.readString(errors));
    }
    return answer;
  }

  void signal(String signal) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
      Files.deleteIfExists(errors);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
