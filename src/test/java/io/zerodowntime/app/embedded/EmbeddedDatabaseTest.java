package io.zerodowntime.app.embedded;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.db.DatabaseUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Proves that the embedded server keeps its data and is stopped by the process that owns it. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("embedded server")
class EmbeddedDatabaseTest {
  @TempDir Path directory;

  @Test
  void keepsItsDataDurably() throws SQLException {
    try (EmbeddedDatabase first = EmbeddedDatabase.start(directory)) {
      assertThat(query(first, "SHOW fsync")).isEqualTo("on");
      assertThat(query(first, "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(query(first, "SHOW max_connections")).isEqualTo("200");
      assertThat(query(first, "CREATE TABLE t AS SELECT 42 AS x; SELECT x FROM t")).isEqualTo("42");
    }
    try (EmbeddedDatabase second = EmbeddedDatabase.start(directory)) {
      assertThat(query(second, "SELECT x FROM t")).isEqualTo("42");
    }
  }

  @Test
  void asksForAPasswordThatOnlyThisUserCanRead() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(directory)) {
      String withoutPassword = database.url().replaceFirst(":[^:@]+@", "@");
      assertThatThrownBy(() -> query(withoutPassword, "SELECT 1")).hasMessageContaining("password");
    }
    Path file = directory.resolve("database-password");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void goesOnWithDataOfAnEarlierVersionAndWithoutTheFileOfThePassword() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(directory)) {
      query(database, "CREATE TABLE t AS SELECT 42 AS x; SELECT x FROM t");
    }
    Files.writeString(directory.resolve("postgres/pg_hba.conf"), "host all all all trust\n");
    try (EmbeddedDatabase database = EmbeddedDatabase.start(directory)) {
      assertThat(query(database, "SELECT x FROM t")).isEqualTo("42");
    }
    Files.delete(directory.resolve("database-password"));
    try (EmbeddedDatabase database = EmbeddedDatabase.start(directory)) {
      assertThat(query(database, "SELECT x FROM t")).isEqualTo("42");
    }
    assertThat(directory.resolve("postgres/pg_hba.conf"))
        .content()
        .contains("scram-sha-256")
        .doesNotContain("trust");
  }

  @Test
  void anotherOneJoinsAndLeavesItRunning() throws SQLException {
    try (EmbeddedDatabase owner = EmbeddedDatabase.start(directory)) {
      EmbeddedDatabase guest = EmbeddedDatabase.start(directory);

      assertThat(guest.joined()).isTrue();
      assertThat(owner.joined()).isFalse();
      assertThat(guest.url()).isEqualTo(owner.url());
      guest.close();
      assertThat(query(owner, "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void dataOfAnotherVersionIsRefusedInOneLine() throws IOException {
    EmbeddedDatabase.start(directory).close();
    Files.writeString(directory.resolve("postgres/PG_VERSION"), "12\n");

    assertThatThrownBy(() -> EmbeddedDatabase.start(directory))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("was written by PostgreSQL 12 and this is PostgreSQL")
        .hasMessageContaining("DATABASE_URL")
        .hasMessageNotContaining("\n");
    assertThat(directory.resolve("postgres/base")).exists();
  }

  @Test
  void leftoversOfKilledRunsAreClearedAway() throws IOException, SQLException {
    Files.createDirectories(directory.resolve("postgres"));
    Files.writeString(directory.resolve("postgres/half-made"), "");
    Files.writeString(directory.resolve("incomplete"), "");
    Files.writeString(directory.resolve("lock"), "");
    EmbeddedDatabase.start(directory).close();
    assertThat(directory.resolve("incomplete")).doesNotExist();

    // a pid that lives, but is not a server: this very process
    String pid = ProcessHandle.current().pid() + "\n/x\n1\n5432\n\nlocalhost\n1 1\nready   \n";
    Files.writeString(directory.resolve("postgres/postmaster.pid"), pid);
    try (EmbeddedDatabase database = EmbeddedDatabase.start(directory)) {
      assertThat(query(database, "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void processesOfADeadServerAreWaitedFor() throws Exception {
    EmbeddedDatabase killed = EmbeddedDatabase.start(directory);
    query(killed, "CREATE TABLE t AS SELECT 42 AS x; SELECT x FROM t");
    ProcessHandle server =
        PostmasterFile.of(directory.resolve("postgres"))
            .map(PostmasterFile::pid)
            .flatMap(ProcessHandle::of)
            .orElseThrow();
    ProcessHandle child = server.children().findFirst().orElseThrow();
    signal(child, "STOP");
    server.destroyForcibly();
    server.onExit().join();
    killed.close();

    try {
      CompletableFuture<EmbeddedDatabase> next =
          CompletableFuture.supplyAsync(() -> EmbeddedDatabase.start(directory));
      await()
          .until(
              () ->
                  Files.readString(directory.resolve("postgres.log")).contains("is still in use"));
      assertThat(next).isNotDone();
      signal(child, "CONT");
      try (EmbeddedDatabase database = next.join()) {
        assertThat(query(database, "SELECT x FROM t")).isEqualTo("42");
      }
    } finally {
      signal(child, "CONT");
    }
  }

  @Test
  void aServerThatCannotStartSaysWhyAtOnce() throws Exception {
    EmbeddedDatabase.start(directory).close();
    Path settings = directory.resolve("postgres/postgresql.auto.conf");
    Files.writeString(settings, "shared_preload_libraries = 'nosuch'\n");

    assertThatThrownBy(() -> EmbeddedDatabase.start(directory))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("FATAL:  could not access file \"nosuch\"")
        .hasMessageNotContaining("\n");
    Files.writeString(settings, "");
    EmbeddedDatabase.start(directory).close();
  }

  @Test
  void foreignFilesAreNeverOverwritten() throws IOException {
    Path file = Files.createDirectories(directory.resolve("postgres")).resolve("precious");
    Files.writeString(file, "mine");

    assertThatThrownBy(() -> EmbeddedDatabase.start(directory))
        .isInstanceOf(StartException.class)
        .hasMessageNotContaining("\n");
    assertThat(file).hasContent("mine");
  }

  private static void signal(ProcessHandle process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
  }

  static String query(EmbeddedDatabase database, String sql) throws SQLException {
    return query(database.url(), sql);
  }

  private static String query(String databaseUrl, String sql) throws SQLException {
    DatabaseUrl url = DatabaseUrl.parse(databaseUrl);
    try (Connection connection =
            DriverManager.getConnection(url.jdbcUrl(), url.user(), url.password().orElse(""));
        Statement statement = connection.createStatement()) {
      boolean rows = statement.execute(sql);
      while (!rows) {
        rows = statement.getMoreResults();
      }
      try (ResultSet result = statement.getResultSet()) {
        result.next();
        return result.getString(1);
      }
    }
  }
}
