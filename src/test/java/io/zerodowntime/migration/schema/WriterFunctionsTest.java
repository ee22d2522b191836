package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import liquibase.Contexts;
import liquibase.LabelExpression;
import org.junit.jupiter.api.Test;

/**
 * The functions for other services are created with the role's own rights, or with one statement.
 */
@OnSchemaServer
class WriterFunctionsTest {
  private static final String CHANGESET = "009-writer-functions";
  private static final String INSTALLED =
      """
      SELECT format('%s.%s by %s, definer %s', pronamespace::regnamespace, proname,
        CASE WHEN pg_get_userbyid(proowner) ~ '_owner$' THEN 'owner' END, prosecdef)
      FROM pg_proc WHERE pronamespace = to_regnamespace('zerodowntime') ORDER BY proname
      """;
  private static final List<String> BOTH =
      List.of(
          "zerodowntime.heartbeat by owner, definer f", "zerodowntime.phase by owner, definer f");

  private final SchemaTestDatabase database = new SchemaTestDatabase();

  private List<String> expand(SchemaRunner runner) {
    return runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.EXPAND).changesets();
  }

  private SchemaRunner runner() {
    return database.runner(Duration.ofSeconds(30));
  }

  private boolean isInstalled() {
    return database.list(INSTALLED).equals(BOTH);
  }

  private void mayCreateSchemas() {
    database.run("GRANT CREATE ON DATABASE %s TO %s".formatted(database.name(), database.owner()));
  }

  private void rollback() throws Exception {
    database.quietly(
        liquibase -> liquibase.rollback(1, null, new Contexts(), new LabelExpression()));
  }

  private List<String> schemas() {
    return database.list("SELECT nspname FROM pg_namespace WHERE nspname = 'zerodowntime'");
  }

  @Test
  void areCreatedAndRolledBackByARoleThatMayCreateSchemas() throws Exception {
    mayCreateSchemas();
    for (int turn = 0; turn < 2; turn++) {
      database.engineTables();
      assertThat(database.list(INSTALLED)).isEqualTo(BOTH);
      rollback();
      assertThat(schemas()).isEmpty();
    }
    database.engineTables();
    database.run("INSERT INTO migration_state (name) VALUES ('other')");
    assertThatThrownBy(this::rollback).hasMessageContaining("a fleet may be live");
    assertThat(isInstalled()).isTrue();
  }

  @Test
  void waitForOneStatementOfAnAdministrator() throws Exception {
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      SchemaRunner runner = runner();
      String statement = "CREATE SCHEMA zerodowntime AUTHORIZATION " + database.owner();
      assertThat(expand(runner)).contains("008-actions").doesNotContain(CHANGESET);
      assertThat(expand(runner)).isEmpty();
      assertThat(log.lines()).filteredOn(line -> line.contains("run " + statement)).hasSize(1);
      database.run(statement);
      assertThat(expand(runner)).containsExactly(CHANGESET);
      assertThat(isInstalled()).isTrue();
    }
    database.run("DELETE FROM migration_state");
    rollback();
    assertThat(database.list(INSTALLED)).isEmpty();
    assertThat(schemas()).as("the administrator's").hasSize(1);
  }

  /** Whoever owns a schema could put a function of its own in their place. */
  @Test
  void areNotPutIntoTheSchemaOfAnotherRole() {
    database.run(
        "CREATE SCHEMA zerodowntime", "GRANT ALL ON SCHEMA zerodowntime TO " + database.owner());
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      assertThat(expand(runner())).doesNotContain(CHANGESET);
      assertThat(log.lines())
          .anyMatch(
              line -> line.contains("ALTER SCHEMA zerodowntime OWNER TO " + database.owner()));
    }
  }

  /** A database has one schema of that name, and functions of one engine in it. */
  @Test
  void belongToTheFirstEngineAndTheSecondOneSaysSoOnce() {
    mayCreateSchemas();
    database.engineTables();
    assertThat(isInstalled()).isTrue();
    engineOf("The Engine");
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      SchemaRunner second = runner();
      assertThat(expand(second)).contains("008-actions").doesNotContain(CHANGESET);
      assertThat(expand(second)).isEmpty();
      assertThat(log.lines())
          .filteredOn(line -> line.contains("The SQL functions"))
          .singleElement()
          .asString()
          .contains("engine in schema public; the one in schema \"The Engine\" goes without");
    }
    assertThat(isInstalled()).isTrue();
  }

  @Test
  void areNotSpokenOfWhereTheyAreTheEnginesOwn() {
    mayCreateSchemas();
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      assertThat(expand(runner())).contains(CHANGESET);
      assertThat(expand(runner())).isEmpty();
      assertThat(log.lines()).noneMatch(line -> line.contains("The SQL functions"));
    }
  }

  /** Lets the role work in a schema of its own from its next session on. */
  private void engineOf(String schema) {
    database.run(
        "CREATE SCHEMA \"%s\" AUTHORIZATION %s".formatted(schema, database.owner()),
        "ALTER ROLE %s SET search_path = \"%s\"".formatted(database.owner(), schema));
  }

  @Test
  void findTheEnginesTablesWhateverTheirSchemaIsCalled() throws SQLException {
    mayCreateSchemas();
    engineOf("The Engine");
    database.engineTables();
    database.run(
        "INSERT INTO \"The Engine\".migration_state (name, phase) VALUES ('other', 2)",
        "CREATE TABLE public.migration_state (name text, phase integer)");
    assertThat(database.one("SELECT zerodowntime.phase('other')")).isEqualTo("2");
    assertThat(database.one("SELECT zerodowntime.heartbeat('other', 'i', NULL)")).isEqualTo("2");
  }

  @Test
  void areCalledWithTheLeastRights() throws SQLException {
    mayCreateSchemas();
    database.engineTables();
    String writer = database.name() + "_writer";
    database.run(
        "INSERT INTO migration_state (name, phase) VALUES ('other', 1)",
        "CREATE ROLE " + writer + " LOGIN");
    String phase = "SELECT zerodowntime.phase('other')";
    String beat = "SELECT zerodowntime.heartbeat('other', 'node-1', 2, version => '1.2.0')";
    assertThatThrownBy(() -> as(writer, phase)).hasMessageContaining("permission denied");
    database.run(
        "GRANT USAGE ON SCHEMA zerodowntime TO " + writer,
        "GRANT SELECT ON migration_state TO " + writer);
    assertThat(as(writer, phase)).isEqualTo("1");
    assertThat(as(writer, "SELECT zerodowntime.phase('unknown')")).isNull();
    assertThatThrownBy(() -> as(writer, beat)).hasMessageContaining("permission denied");
    database.run("GRANT SELECT, INSERT, UPDATE ON migration_instance TO " + writer);
    assertThat(as(writer, beat)).isEqualTo("1");
    assertThat(as(writer, beat.replace("1.2.0", "1.3.0"))).isEqualTo("1");
    assertThat(as(writer, beat.replace("'other'", "'unknown'"))).isNull();
    assertThat(
            database.list(
                "SELECT concat_ws(' ', migration, instance, requested_phase, writes_up_to, version)"
                    + " FROM migration_instance"))
        .containsExactly("other node-1 2 3 sql 1.3.0");
  }

  private String as(String role, String sql) throws SQLException {
    try (Connection connection = database.as("writer", role).getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
