package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The view that a plan prints gives readers the right value in every phase. */
@OnSchemaServer
class ReaderViewTest {
  private static final Migration DOCUMENTS =
      new Migration(
          "document-kind",
          "document",
          List.of("id"),
          List.of(ComputedColumn.of("old kind", "upper(kind)")),
          List.of(ComputedColumn.of("kind", "lower(\"old kind\")")),
          List.of("document_kind_idx"),
          List.of("document_old_kind_idx"),
          Migration.Options.NONE);
  private static final String READ = "SELECT kind FROM document_kind_read WHERE id = 1";

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir private Path directory;
  private PlannedChangelog planned;

  @BeforeEach
  void expand() throws Exception {
    database.run(
        "CREATE TABLE document (id bigint PRIMARY KEY, \"old kind\" text NOT NULL)",
        "CREATE INDEX document_old_kind_idx ON document (lower(\"old kind\"), id)",
        "ALTER TABLE document OWNER TO " + database.owner(),
        "INSERT INTO document SELECT n, 'OLD' FROM generate_series(1, 10000) n");
    planned = PlannedChangelog.write(database, directory, DOCUMENTS);
    planned.apply(SchemaStage.EXPAND);
    as(database.owner(), printed());
    database.run(
        "GRANT SELECT ON document_kind_read TO " + database.stranger(),
        "REVOKE pg_read_all_data FROM " + database.stranger());
  }

  /** As a person copies it from the plan. */
  private String printed() {
    String view =
        PlannedChangelog.plan(database, DOCUMENTS)
            .report()
            .lines()
            .filter(line -> line.startsWith("--   "))
            .map(line -> line.substring(5))
            .collect(Collectors.joining("\n"));
    return view.substring(view.indexOf("CREATE VIEW"));
  }

  private void as(String role, String sql) throws SQLException {
    try (Connection connection = database.as("person", role).getConnection()) {
      connection.createStatement().execute(sql);
    }
  }

  private String read() throws SQLException {
    try (Connection connection = database.as("reader", database.stranger()).getConnection()) {
      return first(connection, READ);
    }
  }

  private static String first(Connection connection, String sql) throws SQLException {
    try (ResultSet row = connection.createStatement().executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** The two sides differ here, so that the value tells which one was read. */
  @ParameterizedTest
  @CsvSource({"0, old", "1, old", "2, new", "3, new"})
  void theAuthoritativeColumnIsRead(int phase, String value) throws SQLException {
    database.run("UPDATE document SET kind = 'new'");
    database.phase(phase, true);
    assertThat(read()).as("with SELECT on the view only").isEqualTo(value);
  }

  @Test
  void aReaderInATransactionHasValueAndPhaseOfItsSnapshot() throws SQLException {
    try (Connection reader = database.as("reader", database.stranger()).getConnection()) {
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.setAutoCommit(false);
      assertThat(first(reader, READ)).isEqualTo("old");
      database.run("UPDATE document SET kind = 'new', \"old kind\" = 'STALE'");
      database.phase(3, true);
      assertThat(first(reader, READ)).isEqualTo("old");
      reader.rollback();
      assertThat(first(reader, READ)).isEqualTo("new");
    }
  }

  @ParameterizedTest
  @CsvSource({"1, document_old_kind_idx", "2, document_kind_idx"})
  void aConditionOnTheValueReachesTheIndexOfItsSide(int phase, String index) {
    database.phase(1, true);
    database.run("UPDATE document SET kind = 'n' || id, \"old kind\" = 'N' || id");
    planned.apply(SchemaStage.INDEX);
    database.run("ANALYZE document");
    database.phase(phase, true);
    List<String> plan =
        database.list(
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)"
                + " SELECT id FROM document_kind_read WHERE kind = 'n7'");
    assertThat(plan).noneMatch(line -> line.contains("Seq Scan on document "));
    assertThat(plan)
        .filteredOn(line -> line.contains(" on document") && !line.contains("never executed"))
        .as("%s", plan)
        .isNotEmpty()
        .allMatch(line -> line.contains(index) || line.contains("Bitmap Heap Scan"));
  }

  /** PostgreSQL drops no column that a view names: it is replaced in phase 3, before the drop. */
  @Test
  void theDropWaitsUntilItReadsTheNewColumnOnly() throws SQLException {
    database.run("UPDATE document SET kind = 'new'");
    database.phase(2, true);
    planned.apply(SchemaStage.ENFORCE);
    database.phase(3, true);
    assertThatThrownBy(() -> planned.apply(SchemaStage.CONTRACT))
        .hasMessageContaining("document_kind_read");
    as(
        database.owner(),
        "CREATE OR REPLACE VIEW document_kind_read AS SELECT id, kind FROM document");
    assertThat(planned.apply(SchemaStage.CONTRACT)).containsExactly("090-drop");
    assertThat(read()).isEqualTo("new");
  }
}
