package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged program plans and expands a table that it was not built for. */
class PlanIT {
  private static final String DEFINITIONS =
      """
      migrations:
        document-kind:
          table: document
          key: [id]
          old: {old_kind: upper(kind)}
          new: {kind: lower(old_kind)}
        orders-status:
          table: orders
          key: [id]
          old: {old_status: upper(status)}
          new: {status: lower(old_status)}
      """;

  @TempDir Path directory;
  private final TestDatabase database = TestPostgres.create(PlanIT.class);
  private Path changelog;

  @BeforeEach
  void create() throws Exception {
    changelog = directory.resolve("changelog");
    sql("CREATE TABLE document (id bigint PRIMARY KEY, old_kind text NOT NULL)");
    Files.writeString(directory.resolve("migrations.yaml"), DEFINITIONS);
  }

  @Test
  void aStrangersTableIsPlannedAndExpandedWithoutABuild() throws Exception {
    try (ServiceProcess plan = start("plan", "document-kind")) {
      assertThat(plan.awaitExit()).as(plan.err()).isZero();
      assertThat(plan.out())
          .contains("-- ==== document-kind-010-expand.sql")
          .contains("ALTER TABLE document ADD COLUMN kind text;")
          .contains("-- document-kind: what it takes");
    }
    assertThat(changelog).doesNotExist();
    written("written", 0);
    written("as it was", 0);

    try (ServiceProcess expand = start("expand")) {
      assertThat(expand.awaitExit()).as(expand.err()).isZero();
      assertThat(expand.out()).contains("document-kind: expand: ").contains("010-columns");
    }
    assertThat(one("SELECT count(*) FROM migration_state")).isEqualTo("2");
    assertThat(one("SELECT count(kind) FROM document")).isEqualTo("0");
    try (ServiceProcess plan = start("plan", "--write", directory.resolve("other").toString())) {
      assertThat(plan.awaitExit()).as(plan.err()).isZero();
      assertThat(plan.out())
          .contains("document-kind is registered: no file is written")
          .contains("orders-status is registered: no file is written");
    }
    assertThat(directory.resolve("other")).isEmptyDirectory();
  }

  @Test
  void whatCannotBeDoneIsSaidInOneLine() throws Exception {
    written("written", 0);
    Path file = changelog.resolve("document-kind-010-expand.sql");
    Files.writeString(file, "ALTER TABLE document ADD COLUMN kind text;");
    try (ServiceProcess plan = start("plan", "document-kind", "--write", changelog.toString())) {
      assertThat(plan.awaitExit()).isEqualTo(1);
      assertThat(plan.err()).hasLineCount(1).contains(file.getFileName() + " differ");
    }
    try (ServiceProcess expand = start("expand")) {
      assertThat(expand.awaitExit()).isEqualTo(1);
      assertThat(expand.err()).hasLineCount(1).contains("expand failed: CHANGELOG_DIR: " + file);
    }
    try (ServiceProcess plan = start("plan")) {
      assertThat(plan.awaitExit()).isEqualTo(1);
      assertThat(plan.err()).hasLineCount(1).contains("no plan of orders-status: table orders");
      assertThat(plan.out()).contains("-- document-kind: what it takes");
    }
    try (ServiceProcess plan = start("plan", "--write")) {
      assertThat(plan.awaitExit()).isEqualTo(2);
      assertThat(plan.err())
          .hasLineCount(1)
          .contains("plan: Missing required parameter for option '--write'");
    }
  }

  private void written(String word, int status) throws Exception {
    try (ServiceProcess plan = start("plan", "document-kind", "--write", changelog.toString())) {
      assertThat(plan.awaitExit()).as(plan.err()).isEqualTo(status);
      assertThat(plan.out())
          .contains(changelog.resolve("document-kind-090-contract.sql") + ": " + word);
    }
  }

  private ServiceProcess start(String... arguments) throws IOException {
    Map<String, String> environment =
        Map.of(
            "DATABASE_URL",
            database.url(),
            "MIGRATIONS_FILE",
            directory.resolve("migrations.yaml").toString(),
            "CHANGELOG_DIR",
            changelog.toString());
    try (ServerSocket free = new ServerSocket(0)) {
      return ServiceProcess.start(directory, free.getLocalPort(), environment, arguments);
    }
  }

  private void sql(String statement) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      connection.createStatement().execute(statement);
    }
  }

  private String one(String query) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        ResultSet row = connection.createStatement().executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }
}
