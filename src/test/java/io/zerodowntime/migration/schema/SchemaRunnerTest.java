package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

class SchemaRunnerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void manyRunnersAtOnceRunEachChangesetOnce() {
    TestDatabase database = new TestDatabase();
    List<CompletableFuture<SchemaReport>> runs =
        IntStream.range(0, 4)
            .mapToObj(n -> CompletableFuture.supplyAsync(() -> expand(database), Sessions.THREADS))
            .toList();
    List<String> ran = runs.stream().flatMap(run -> run.join().changesets().stream()).toList();
    assertThat(ran).hasSize(10).doesNotHaveDuplicates().contains("010-status-column");
  }

  @Test
  void initialLeavesMigrationsAlone() {
    TestDatabase database = new TestDatabase();
    assertThat(database.runner(PATIENCE).initial().changesets()).hasSize(9);
    assertThat(database.list("SELECT name FROM migration_state")).isEmpty();
  }

  @Test
  void everyTurnRunsItsOwnChangesets() {
    TestDatabase database = TestDatabase.expanded(2, true);
    SchemaRunner runner = database.runner(PATIENCE);
    assertThat(runner.apply(TestDatabase.MIGRATION, SchemaTurn.INDEX).changesets())
        .containsExactly("020-status-index");
    assertThat(runner.apply(TestDatabase.MIGRATION, SchemaTurn.ENFORCE).changesets())
        .containsExactly(
            "030-status-check",
            "030-status-validate",
            "030-status-not-null",
            "030-status-drop-check",
            "030-old-status-nullable");
    database.phase(3, true);
    assertThat(runner.apply(TestDatabase.MIGRATION, SchemaTurn.CONTRACT).changesets())
        .containsExactly("090-drop-old-status-index", "090-drop-old-status");
  }

  @Test
  void aRefusalIsOneLineThatSaysWhy() {
    TestDatabase database = TestDatabase.expanded(2, false);
    assertThatThrownBy(
            () -> database.runner(PATIENCE).apply(TestDatabase.MIGRATION, SchemaTurn.CONTRACT))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageStartingWith("schema change contract of orders-status refused: ")
        .hasMessageContaining("'orders-status: phase 3, drained'")
        .hasMessageContaining("'orders-status: phase 2, not drained'")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aMissingPrivilegeIsOneLineWithTheRemedy() {
    TestDatabase database = TestDatabase.expanded(2, true);
    database.run("CREATE ROLE stranger_" + database.name() + " LOGIN");
    database.run(
        "GRANT ALL ON databasechangelog, databasechangeloglock, migration_state TO stranger_"
            + database.name());
    DataSource stranger = database.as("zerodowntime", "stranger_" + database.name());
    SchemaRunner runner =
        new SchemaRunner(stranger, database.liquibase(stranger), PATIENCE, Duration.ofSeconds(1));
    assertThatThrownBy(() -> runner.apply(TestDatabase.MIGRATION, SchemaTurn.ENFORCE))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageContaining("must be owner of table orders")
        .hasMessageContaining("run it as a role that owns the tables")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aPooledSessionGetsItsOwnSettingsBack() throws Exception {
    TestDatabase database = new TestDatabase();
    try (Connection session = database.as("pool").getConnection()) {
      session.createStatement().execute("SET lock_timeout = '7s'");
      session.setAutoCommit(false);
      try (SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
        session.rollback();
        assertThat(settings.current()).containsExactly(SessionSettings.WORKER, "1s", "0");
      }
      session.rollback();
      try (SessionSettings settings = SessionSettings.apply(session, "again")) {
        assertThat(settings.before()).containsExactly("pool", "7s", "0");
      }
    }
  }

  private static SchemaReport expand(TestDatabase database) {
    return database.runner(PATIENCE).apply(TestDatabase.MIGRATION, SchemaTurn.EXPAND);
  }
}
