package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.Timeouts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the packaged program, on a terminal that {@code script} makes, and elsewhere. */
class TerminalIT {
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 3000;
  private static final int CTRL_C = 3;

  @TempDir Path directory;

  @Test
  void theStatusIsAPageAndJsonOnDemand() throws Exception {
    Map<String, String> environment =
        Map.of("DATABASE_URL", EngineSchema.copy(TerminalIT.class).url());

    assertThat(run(environment, "status"))
        .startsWith("orders-status  orders: old_status -> status")
        .hasLineCount(8)
        .contains("phase    0 (expand)", "backfill none yet")
        .doesNotContain("\u001b");
    assertThat(run(environment, "status", "--json")).startsWith("[ {").contains("\"effective\"");
    assertThat(onTerminal(environment, "status")).contains("\u001b[1morders-status\u001b[0m");
    assertThat(onTerminal(with(environment, "NO_COLOR", "1"), "status"))
        .contains("orders-status  orders")
        .doesNotContain("\u001b[1m");
  }

  @Test
  void theStatusComesAgainEachSecond() throws Exception {
    Map<String, String> environment =
        Map.of("DATABASE_URL", EngineSchema.copy(TerminalIT.class).url());
    try (ServiceProcess process =
        ServiceProcess.start(directory, 0, environment, "status", "--watch")) {
      Timeouts.await().until(() -> process.out().split("phase    0 \\(expand\\)", -1).length > 3);
    }
  }

  @Test
  void aRunIsABarOnATerminalAndLinesOfJsonElsewhere() throws Exception {
    TestDatabase database = EngineSchema.copy(TerminalIT.class);
    Map<String, String> environment = Map.of("DATABASE_URL", database.url());
    try (ServiceProcess early = ServiceProcess.start(directory, 0, environment, "backfill")) {
      assertThat(early.awaitExit()).as("the protocol forbids it").isEqualTo(3);
      assertThat(early.err()).startsWith("forbidden now: ");
    }
    dualWrite(database);

    String[] lines = run(environment, "backfill").split("\n");
    assertThat(lines).allSatisfy(line -> assertThat(JSON.readTree(line).isObject()).isTrue());
    JsonNode last = JSON.readTree(lines[lines.length - 1]);
    assertThat(last.get("state").asText()).isEqualTo("complete");
    assertThat(last.get("changedRows").asInt()).isEqualTo(ROWS);
    assertThat(onTerminal(environment, "verify"))
        .contains("\r\u001b[K[##############################] 100 % parity complete: ")
        .contains(ROWS + " rows looked at, 0 disagree");
  }

  /**
   * Whatever started the tests may ignore SIGINT, and what it starts inherits that: not this one.
   */
  @Test
  void ctrlCEndsARunAtOnce() throws Exception {
    TestDatabase database = EngineSchema.copy(TerminalIT.class);
    dualWrite(database);
    Path out = Files.createTempFile(directory, "terminal", ".txt");
    Process process = terminal(slow(database), out, "exec env --default-signal=INT", "backfill");
    try {
      Timeouts.await().until(() -> Files.readString(out).contains(" rows looked at"));
      process.getOutputStream().write(CTRL_C);
      process.getOutputStream().flush();
      assertThat(process.waitFor(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(out)).isEqualTo(130);
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(out))
        .contains("backfill stopped: what it committed stays")
        .doesNotContain("failed", "Exception", "100 %");
  }

  /** Ten rows three times a second. */
  private static Map<String, String> slow(TestDatabase database) {
    return Map.of(
        "DATABASE_URL", database.url(),
        "BACKFILL_BATCH_SIZE", "10",
        "BACKFILL_DELAY", "300ms",
        "BACKFILL_TARGET_LOAD", "0.01",
        "BACKFILL_WORKERS", "1");
  }

  /** Phase 1, drained, with rows that no write has touched. */
  private static void dualWrite(TestDatabase database) throws Exception {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO orders (user_id, amount, old_status)"
              + " SELECT n, n, 'PAID' FROM generate_series(1, %d) AS n".formatted(ROWS));
      statement.execute("UPDATE migration_state SET phase = 1, epoch = 1, drained_at = now()");
    }
  }

  private static Map<String, String> with(Map<String, String> all, String name, String value) {
    return Map.of("DATABASE_URL", all.get("DATABASE_URL"), name, value);
  }

  private String run(Map<String, String> environment, String... arguments) throws Exception {
    try (ServiceProcess process = ServiceProcess.start(directory, 0, environment, arguments)) {
      assertThat(process.awaitExit()).as(process.err()).isZero();
      return process.out();
    }
  }

  private String onTerminal(Map<String, String> environment, String command) throws Exception {
    Path out = Files.createTempFile(directory, "terminal", ".txt");
    Process process = terminal(environment, out, "exec", command);
    try {
      assertThat(process.waitFor(Timeouts.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      return Files.readString(out, StandardCharsets.UTF_8);
    } finally {
      process.destroyForcibly();
    }
  }

  private Process terminal(Map<String, String> environment, Path out, String by, String command)
      throws Exception {
    assumeThat(SCRIPT).as("script of util-linux makes the terminal").isExecutable();
    String line = String.join(" ", ServiceProcess.commandLine());
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(SCRIPT.toString(), "-qec", by + " " + line + " " + command, "/dev/null"))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("TERM", "xterm");
    return builder.start();
  }
}
