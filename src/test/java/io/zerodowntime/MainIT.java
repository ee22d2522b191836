package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packaged program, as people start it. */
class MainIT {
  private static final String NATIVE = "io.zerodowntime.testing.ServiceProcess#isNative";

  @TempDir Path directory;

  @Test
  @DisabledIf(value = NATIVE, disabledReason = "a native executable has no embedded database")
  void aFirstRunKeepsItsDataAndItsPassword() throws Exception {
    try (ServiceProcess service = start(Map.of())) {
      service.awaitReady();
      assertThat(directory.resolve(".zerodowntime/flags/DUAL_WRITE")).hasContent("false");
      sql("CREATE TABLE kept AS SELECT 42 AS x");
      service.signal("TERM");
      assertThat(service.awaitExit()).isEqualTo(143);
      service.assertNotLogged("ERROR", "Exception");
      assertThat(service.out())
          .doesNotContain(Files.readString(made("operator-password")).strip())
          .doesNotContain(Files.readString(made("database-password")).strip());
    }
    assertThat(postmaster()).isEmpty();
    String password = Files.readString(directory.resolve(".zerodowntime/operator-password"));

    try (ServiceProcess service = start(Map.of())) {
      service.awaitReady();
      assertThat(sql("SELECT x FROM kept")).isEqualTo("42");
      assertThat(directory.resolve(".zerodowntime/operator-password")).hasContent(password);
      service.signal("INT");
      assertThat(service.awaitExit()).isEqualTo(130);
    }
    assertThat(postmaster()).isEmpty();
  }

  @Test
  @DisabledIf(value = NATIVE, disabledReason = "a native executable has no embedded database")
  void aKilledRunIsClearedAway() throws Exception {
    try (ServiceProcess killed = start(Map.of())) {
      killed.awaitReady();
      sql("CREATE TABLE kept AS SELECT 42 AS x");
      killed.signal("KILL");
      killed.awaitExit();
    }
    ProcessHandle orphan = postmaster().orElseThrow();

    try (ServiceProcess service = start(Map.of())) {
      service.awaitReady();
      assertThat(orphan.isAlive() && postmaster().orElseThrow().pid() == orphan.pid()).isFalse();
      assertThat(service.out()).containsOnlyOnce("which a killed run had left");
      assertThat(sql("SELECT x FROM kept")).isEqualTo("42");

      postmaster().orElseThrow().destroyForcibly();
      service.signal("KILL");
      service.awaitExit();
    }
    try (ServiceProcess service = start(Map.of())) {
      service.awaitReady();
      assertThat(sql("SELECT x FROM kept")).isEqualTo("42");
    }
  }

  @Test
  @DisabledIf(value = NATIVE, disabledReason = "a native executable has no embedded database")
  void aSecondProcessJoinsAndLeavesTheServerAlone() throws Exception {
    int port = freePort();
    try (ServiceProcess first = ServiceProcess.start(directory, port, Map.of());
        ServiceProcess second = ServiceProcess.start(directory, freePort(), Map.of())) {
      first.awaitReady();
      second.awaitReady();
      boolean secondJoined = second.out().contains("joined PostgreSQL");
      assertThat(secondJoined ^ first.out().contains("joined PostgreSQL")).isTrue();

      try (ServiceProcess third = ServiceProcess.start(directory, port, Map.of())) {
        assertThat(third.awaitExit()).isEqualTo(1);
        assertThat(third.err()).hasLineCount(1).contains("the HTTP port is in use");
      }
      ServiceProcess guest = secondJoined ? second : first;
      guest.signal("TERM");
      guest.awaitExit();
      assertThat(sql("SELECT 1")).isEqualTo("1");
    }
    assertThat(postmaster()).isEmpty();
  }

  @Test
  @DisabledIf(value = NATIVE, disabledReason = "a native executable has no embedded database")
  void dataOfAnotherVersionEndsTheStartWithOneLine() throws Exception {
    Path data = Files.createDirectories(directory.resolve(".zerodowntime/postgres"));
    Files.writeString(data.resolve("PG_VERSION"), "12\n");
    Files.writeString(data.resolve("postgresql.conf"), "");

    refuses(Map.of(), "was written by PostgreSQL 12");
  }

  @Test
  void aDatabaseThatCannotServeEndsTheStartWithOneLine() throws Exception {
    refuses(Map.of("DATABASE_URL", "nonsense"), "DATABASE_URL is not a URL like");
    refuses(
        Map.of("DATABASE_URL", "postgresql://ada:s3cr3t@localhost:" + freePort() + "/shop"),
        "cannot be reached");
    refuses(
        Map.of(
            "DATABASE_URL",
            "postgresql://postgres:s3cr3t@localhost:" + TestPostgres.port() + "/nosuch"),
        "has no such database");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "migrations: {a: {table: t, key: id}} # migrations.a.key: expected a list of column names",
        " # migrations: expected a map of definitions by name"
      })
  void definitionsThatAreMalformedEndTheStartWithOneLine(String text, String reason)
      throws Exception {
    Path file = Files.writeString(directory.resolve("bad.yaml"), text == null ? "" : text);
    Map<String, String> environment =
        Map.of(
            "MIGRATIONS_FILE",
            file.toString(),
            "DATABASE_URL",
            TestPostgres.create(MainIT.class).url());
    try (ServiceProcess process = start(environment)) {
      assertThat(process.awaitExit()).isEqualTo(1);
      assertThat(process.err()).hasLineCount(1).contains("bad.yaml", reason);
    }
    Files.delete(file);
    try (ServiceProcess process = start(environment)) {
      assertThat(process.awaitExit()).isEqualTo(1);
      assertThat(process.err()).hasLineCount(1).contains("bad.yaml cannot be read");
    }
  }

  @Test
  void anImageWithoutTheEmbeddedServerNeedsADatabase() throws Exception {
    Map<String, String> asked =
        ServiceProcess.isNative() ? Map.of() : Map.of("EMBEDDED_DATABASE", "false");
    refuses(asked, "DATABASE_URL is missing");
  }

  @Test
  void aGivenDatabaseIsUsedAndNothingEmbeddedStarts() throws Exception {
    Map<String, String> environment =
        Map.of("DATABASE_URL", TestPostgres.create(MainIT.class).url());
    try (ServiceProcess expand = start(environment, "expand")) {
      assertThat(expand.awaitExit()).isZero();
    }
    try (ServiceProcess service = start(environment)) {
      service.awaitReady();
      assertThat(service.get("/orders/1")).isEqualTo(404);
      assertThat(directory.resolve(".zerodowntime")).doesNotExist();
    }
  }

  /** What images are built with. */
  @Test
  void aTrainingEndsWithoutADatabase() throws Exception {
    try (ServiceProcess process = start(Map.of(), "train")) {
      assertThat(process.awaitExit()).as(process.out() + process.err()).isZero();
      assertThat(directory.resolve(".zerodowntime")).doesNotExist();
    }
  }

  @Test
  void commandsAreKnownByName() throws Exception {
    try (ServiceProcess process = start(Map.of(), "--help")) {
      assertThat(process.awaitExit()).isZero();
      assertThat(process.out()).contains("backfill").contains("DATABASE_URL");
      assertThat(process.err()).isEmpty();
    }
    try (ServiceProcess process = start(Map.of(), "--version")) {
      assertThat(process.awaitExit()).isZero();
      assertThat(process.out()).matches("zerodowntime \\d+\\.\\d+\\.\\d+\\R");
    }
    try (ServiceProcess process = start(Map.of(), "migrate")) {
      assertThat(process.awaitExit()).isEqualTo(2);
      assertThat(process.err()).hasLineCount(1).contains("unknown command migrate");
    }
  }

  private void refuses(Map<String, String> environment, String reason) throws Exception {
    try (ServiceProcess process = start(environment)) {
      assertThat(process.awaitExit()).isEqualTo(2);
      assertThat(process.err()).hasLineCount(1).contains(reason).doesNotContain("s3cr3t");
      assertThat(process.out()).isEmpty();
    }
  }

  private ServiceProcess start(Map<String, String> environment, String... arguments)
      throws IOException {
    return ServiceProcess.start(directory, freePort(), environment, arguments);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private String sql(String statement) throws IOException, SQLException {
    int port = Integer.parseInt(Files.readAllLines(pidFile()).get(3));
    String url = "jdbc:postgresql://localhost:" + port + "/postgres";
    String password = Files.readString(made("database-password")).strip();
    try (Connection connection = DriverManager.getConnection(url, "postgres", password);
        Statement jdbc = connection.createStatement()) {
      if (!jdbc.execute(statement)) {
        return "";
      }
      try (ResultSet result = jdbc.getResultSet()) {
        result.next();
        return result.getString(1);
      }
    }
  }

  private Path made(String file) {
    return directory.resolve(".zerodowntime").resolve(file);
  }

  private Optional<ProcessHandle> postmaster() throws IOException {
    return Files.exists(pidFile())
        ? ProcessHandle.of(Long.parseLong(Files.readAllLines(pidFile()).get(0)))
        : Optional.empty();
  }

  private Path pidFile() {
    return directory.resolve(".zerodowntime/postgres/postmaster.pid");
  }
}
