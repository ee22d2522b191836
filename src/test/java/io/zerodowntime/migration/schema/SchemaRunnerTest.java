package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that changesets are applied once, by one runner at a time, within bounded waits. */
@OnSchemaServer
class SchemaRunnerTest {
  private static final Duration RETRY_TIME = Duration.ofSeconds(60);

  @Test
  void manyRunnersAtOnceRunEachChangesetOnce() {
    SchemaTestDatabase database = new SchemaTestDatabase();
    List<CompletableFuture<SchemaReport>> runs =
        IntStream.range(0, 4)
            .mapToObj(
                n -> CompletableFuture.supplyAsync(() -> expand(database), SessionProbe.THREADS))
            .toList();
    List<String> ran = runs.stream().flatMap(run -> run.join().changesets().stream()).toList();
    assertThat(ran).hasSize(16).doesNotHaveDuplicates().contains("010-status-column");
  }

  @Test
  void everyTurnRunsItsOwnChangesets() {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    SchemaRunner runner = database.runner(RETRY_TIME);
    assertThat(runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.INDEX).changesets())
        .containsExactly("020-status-index");
    assertThat(runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE).changesets())
        .containsExactly(
            "030-status-check",
            "030-status-validate",
            "030-status-not-null",
            "030-status-drop-check",
            "030-old-status-nullable");
    database.phase(3, true);
    assertThat(runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.CONTRACT).changesets())
        .containsExactly("090-drop-old-status");
  }

  @Test
  void aRefusalIsOneLineThatSaysWhy() {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, false);
    assertThatThrownBy(
            () ->
                database
                    .runner(RETRY_TIME)
                    .apply(SchemaTestDatabase.MIGRATION, SchemaStage.CONTRACT))
        .isInstanceOf(Refused.class)
        .hasMessageStartingWith("schema change contract of orders-status refused: ")
        .hasMessageContaining("'orders-status: phase 3, drained'")
        .hasMessageContaining("'orders-status: phase 2, not drained'")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aMissingPrivilegeIsOneLineWithTheRemedy() {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    database.run("CREATE ROLE stranger_" + database.name() + " LOGIN");
    database.run(
        "GRANT ALL ON databasechangelog, databasechangeloglock, migration_state TO stranger_"
            + database.name());
    DataSource stranger = database.as("zerodowntime", "stranger_" + database.name());
    SchemaRunner runner =
        new SchemaRunner(stranger, database.liquibase(stranger), RETRY_TIME, Duration.ofSeconds(1));
    assertThatThrownBy(() -> runner.apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageContaining("must be owner of table orders")
        .hasMessageContaining("run it as a role that owns the tables")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CREATE TABLE chunk () INHERITS (orders) | tables that inherit",
        "ALTER TABLE orders RENAME TO o; CREATE VIEW orders AS SELECT * FROM o | is a view",
        // what Citus' catalog looks like, for the one column that is read
        "CREATE TABLE pg_dist_partition AS SELECT 'orders'::regclass AS logicalrelid | by Citus"
      })
  void aTableWhoseRowsAreElsewhereIsRefusedByName(String change, String reason) {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    database.run(change, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + database.owner());
    List<String> before = database.catalog();
    assertThatThrownBy(
            () ->
                database
                    .runner(RETRY_TIME)
                    .apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageStartingWith("table orders ")
        .hasMessageContaining(reason);
    assertThat(database.catalog()).isEqualTo(before);
  }

  @Test
  void citusAloneIsNoObstacle() {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    database.run(
        "CREATE TABLE pg_dist_partition AS SELECT 'pg_class'::regclass AS logicalrelid",
        "GRANT SELECT ON pg_dist_partition TO " + database.owner());
    assertThat(
            database
                .runner(RETRY_TIME)
                .apply(SchemaTestDatabase.MIGRATION, SchemaStage.ENFORCE)
                .attempts())
        .isEqualTo(1);
  }

  @Test
  void aPooledSessionGetsItsOwnSettingsBack() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    try (Connection session = database.as("pool").getConnection()) {
      session.createStatement().execute("SET lock_timeout = '7s'; SET statement_timeout = '2s'");
      session.setAutoCommit(false);
      try (SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
        session.rollback();
        assertThat(settings.current())
            .containsEntry("application_name", SessionSettings.WORKER)
            .containsEntry("lock_timeout", "1250")
            .containsEntry("statement_timeout", "0");
        settings.boundLocks(false);
        assertThat(settings.current()).containsEntry("lock_timeout", "0");
      }
      session.rollback();
      try (SessionSettings settings = SessionSettings.apply(session, "again")) {
        assertThat(settings.before())
            .containsEntry("application_name", "pool")
            .containsEntry("lock_timeout", "7000")
            .containsEntry("statement_timeout", "2000");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"400ms, 650", "1s, 1250", "2s, 2250", "1min, 3000"})
  void aLockIsWaitedForLongerThanAnAutovacuumTakesToGiveWay(String deadlock, String lock)
      throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    database.run(
        "ALTER DATABASE %s SET deadlock_timeout = '%s'".formatted(database.name(), deadlock));
    try (Connection session = database.as("pool").getConnection();
        SessionSettings settings = SessionSettings.apply(session, SessionSettings.WORKER)) {
      assertThat(settings.current()).containsEntry("lock_timeout", lock);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "-- why\ncreate unique index\n  concurrently i on t (a);\n",
        "REINDEX INDEX CONCURRENTLY i"
      })
  void aConcurrentBuildMayWaitForLocks(String sql) {
    assertThat(LiquibaseRun.isConcurrentBuild(sql)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t ADD COLUMN b int",
        "ALTER TABLE t ADD COLUMN b int -- CREATE INDEX CONCURRENTLY i ON t (b)",
        "DROP INDEX CONCURRENTLY i"
      })
  void whateverElseIsBounded(String sql) {
    assertThat(LiquibaseRun.isConcurrentBuild(sql)).isFalse();
  }

  private static SchemaReport expand(SchemaTestDatabase database) {
    return database.runner(RETRY_TIME).apply(SchemaTestDatabase.MIGRATION, SchemaStage.EXPAND);
  }
}
