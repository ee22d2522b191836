package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.plan.MigrationPlan;
import io.zerodowntime.migration.plan.PlanFile;
import io.zerodowntime.testing.OneToOne;
import java.sql.Connection;
import java.sql.ResultSet;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that a plan tells the truth of a table: types, indexes, estimates, locks. */
@OnSchemaServer
class PlansTest {
  private final SchemaTestDatabase database = new SchemaTestDatabase();

  private void table(String columns) {
    database.run(
        "CREATE TABLE document (id bigint PRIMARY KEY, %s)".formatted(columns),
        "ALTER TABLE document OWNER TO " + database.owner());
  }

  private static Migration migration(String forward, List<String> oldIndexes) {
    return new Migration(
        "document-kind",
        "document",
        List.of("id"),
        List.of(ComputedColumn.of("old_kind", "upper(kind)")),
        List.of(ComputedColumn.of("kind", forward)),
        List.of("document_kind_idx"),
        oldIndexes,
        Migration.Options.NONE);
  }

  private String text(Migration migration) {
    StringBuilder all = new StringBuilder();
    MigrationPlan plan = PlannedChangelog.plan(database, migration);
    plan.files().forEach(file -> all.append(file.text()));
    return all.append(plan.report()).toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "(old_kind, id)                 | (kind, id)",
        "(id, lower(old_kind) DESC)     | (id, kind DESC)",
        "(LOWER ( (old_kind) ::text))   | (kind)",
        "(old_kind NULLS FIRST, author) | (kind NULLS FIRST, author)",
      })
  void anIndexHasTheFormOfTheOldOne(String old, String made) {
    table("old_kind text NOT NULL, author text");
    database.run("CREATE INDEX old_idx ON document " + old);
    assertThat(text(migration("lower(old_kind)", List.of("old_idx"))))
        .contains("\nCREATE INDEX CONCURRENTLY document_kind_idx ON document " + made + ";\n")
        .doesNotContain("look at the columns");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CREATE INDEX old_idx ON document (upper(old_kind))",
        "CREATE INDEX old_idx ON document (lower(old_kind) COLLATE \"C\")",
        "CREATE INDEX old_idx ON document (old_kind) WHERE old_kind <> 'x'",
        "CREATE INDEX old_idx ON document (old_kind text_pattern_ops)",
        "CREATE INDEX old_idx ON document (old_kind) INCLUDE (author)",
        "CREATE INDEX old_idx ON document USING hash (old_kind)"
      })
  void anIndexOfAnotherFormIsOnTheNewColumnAndSaysWhatToLookAt(String old) {
    table("old_kind text NOT NULL, author text");
    database.run(old);
    assertThat(text(migration("lower(old_kind)", List.of("old_idx"))))
        .containsPattern(
            "\n-- look at the columns: the form of old_idx cannot be carried over: CREATE INDEX .*"
                + "\nCREATE INDEX CONCURRENTLY document_kind_idx ON document \\(kind\\);\n");
  }

  @Test
  void aUniqueIndexStaysUnique() {
    table("old_kind text NOT NULL");
    database.run("CREATE UNIQUE INDEX old_idx ON document (old_kind)");
    assertThat(text(migration("lower(old_kind)", List.of("old_idx"))))
        .contains("\n-- UNIQUE as old_idx is: ")
        .contains("\nCREATE UNIQUE INDEX CONCURRENTLY document_kind_idx ON document (kind);\n")
        .contains("--rollback CREATE UNIQUE INDEX CONCURRENTLY old_idx ON document USING btree");
  }

  @Test
  void aNewColumnHasTheTypeOfItsExpression() {
    table("old_kind varchar(9) COLLATE \"C\" NOT NULL");
    assertThat(text(migration("lower(old_kind)", List.of())))
        .contains("\nALTER TABLE document ADD COLUMN kind text;\n")
        .contains(" ADD COLUMN IF NOT EXISTS old_kind character varying(9) COLLATE \"C\";\n");
  }

  @Test
  void theReportHasWhatTheStatisticsSay() {
    table("old_kind text NOT NULL");
    assertThat(text(migration("lower(old_kind)", List.of())))
        .contains("rows                   0\n");
    database.run("INSERT INTO document SELECT n, 'abc' FROM generate_series(1, 24812) n");
    assertThat(text(migration("lower(old_kind)", List.of()))).contains("never analyzed");
    database.run("ANALYZE document");
    assertThat(text(migration("lower(old_kind)", List.of())))
        .doesNotContain("never analyzed")
        .contains("document-kind.DUAL_WRITE, document-kind.WRITE_TO_NEW")
        .contains("  0 -> 1   definition, new-column, unique-key, instances-dual-write\n")
        .contains("  drop     instances-agree, ")
        .contains("rows                   24,812\n")
        .contains("new values of a row    4 B\n")
        .contains("1 s at 24,812 rows/s, as docs/performance.md measured on two cores\n");
  }

  @Test
  void theReportSaysWhatToLookAt() {
    table("old_kind text, kind text");
    assertThat(text(migration("lower(old_kind)", List.of())))
        .contains("look at this: column kind exists already: expand adds it, and fails\n")
        .contains("look at this: old_kind accepts NULL: the stage enforce fails while a new value");
    assertThat(PlannedChangelog.plan(database, PlannedStagesTest.strangers(database)))
        .satisfies(
            plan -> {
              assertThat(plan.report()).contains("take one that may be NULL out of its file");
              assertThat(plan.files().get(2).text()).contains("take its name out of each");
            });
    database.engineTables();
    database.run("INSERT INTO migration_state (name, phase) VALUES ('document-kind', 1)");
    assertThat(PlannedChangelog.plan(database, migration("lower(old_kind)", List.of())))
        .satisfies(
            plan -> {
              assertThat(plan.registered()).isTrue();
              assertThat(plan.report())
                  .contains("it is registered, in phase 1")
                  .doesNotContain("fails\n");
            });
  }

  /** The WAL of an UPDATE of every row, which is what a backfill writes beside its cursors. */
  @Test
  void theWalIsOfTheOrderThatIsTold() {
    table("old_kind text NOT NULL, author text");
    database.run(
        "CREATE INDEX old_idx ON document (old_kind, id)",
        "INSERT INTO document SELECT n, 'a kind', 'an author' FROM generate_series(1, 20000) n",
        "VACUUM ANALYZE document");
    String told = text(migration("lower(old_kind)", List.of()));
    database.run("ALTER TABLE document ADD COLUMN kind text");
    String before = database.one("SELECT pg_current_wal_insert_lsn()");
    database.run("UPDATE document SET kind = lower(old_kind)");
    double written =
        Double.parseDouble(
            database.one(
                "SELECT (pg_current_wal_insert_lsn() - '%s') / 1048576".formatted(before)));
    double estimate =
        Double.parseDouble(told.replaceAll("(?s).*WAL of the backfill +([0-9.]+) MiB.*", "$1"));
    assertThat(written / estimate).isBetween(0.4, 2.5);
  }

  @Test
  void anEarlierBackfillIsTheMeasure() {
    table("old_kind text NOT NULL");
    database.engineTables();
    database.run(
        "INSERT INTO migration_state (name) VALUES ('other')",
        "INSERT INTO backfill_run (migration, epoch, kind, whole_table, state, batch_size, delay_ms,"
            + " target_load, rows_estimate, requested_by, started_at, finished_at, scanned)"
            + " VALUES ('other', 1, 'forward', true, 'complete', 9, 9, 1, 9, 'me',"
            + " now() - interval '100 s', now(), 123400)");
    assertThat(text(migration("lower(old_kind)", List.of())))
        .contains(" at 1,234 rows/s, as the last backfill of other\n");
  }

  @Test
  void whatCannotBePlannedIsRefusedWithTheReason() {
    Migration missing = migration("lower(old_kind)", List.of());
    assertThatThrownBy(() -> text(missing))
        .isInstanceOf(Refused.class)
        .hasMessage("table document does not exist");
    table("old_kind text");
    assertThatThrownBy(() -> text(migration("old_kind || now()", List.of())))
        .isInstanceOf(Refused.class)
        .hasMessageContaining("is not immutable");
  }

  @Test
  void aNameThatLiquibaseWouldChangeIsRefused() {
    database.run(
        "CREATE TABLE \"${x}\" (id bigint PRIMARY KEY, a text)",
        "ALTER TABLE \"${x}\" OWNER TO " + database.owner());
    assertThatThrownBy(
            () ->
                text(
                    OneToOne.migration(
                        "m", "${x}", List.of("id"), "a", "b", "lower(a)", "upper(b)")))
        .isInstanceOf(Refused.class)
        .hasMessageContaining("cannot stand in a changelog of Liquibase");
  }

  /** Statements that run in a transaction show what they hold at its end. */
  @Test
  void statementsTakeTheLocksThatThePlanTells() throws Exception {
    table("old_kind text NOT NULL");
    database.engineTables();
    MigrationPlan plan = PlannedChangelog.plan(database, migration("lower(old_kind)", List.of()));
    try (Connection session = database.as("locks").getConnection()) {
      session.setAutoCommit(false);
      for (PlanFile file : plan.files()) {
        for (PlanFile.Lock lock : file.locks()) {
          if (!lock.changeset().startsWith("020")) {
            String found = lockOf(session, file, lock);
            assertThat(found).as(lock.toString()).isEqualTo(mode(lock));
          }
        }
      }
    }
  }

  private static String mode(PlanFile.Lock lock) {
    return lock.mode().toLowerCase(Locale.ROOT).replace(" ", "") + "lock";
  }

  /** Runs the changeset's statement, and commits. */
  private static String lockOf(Connection session, PlanFile file, PlanFile.Lock lock)
      throws Exception {
    String changeset = file.text().split(":" + lock.changeset() + " ", 2)[1];
    String sql =
        changeset
            .split("\n--changeset ", 2)[0]
            .lines()
            .skip(1)
            .filter(line -> !line.startsWith("--"))
            .reduce("", (all, line) -> all + line + "\n");
    if (lock.on().equals("migration_state")) {
      sql = sql.lines().findFirst().orElseThrow();
    } else if (sql.startsWith("INSERT")) {
      sql = sql.lines().skip(1).findFirst().orElseThrow();
    }
    var statement = session.createStatement();
    int phase = file.name().contains("contract") ? 3 : file.name().contains("relax") ? 1 : 2;
    statement.execute("UPDATE migration_state SET phase = %d, drained_at = now()".formatted(phase));
    session.commit();
    statement.execute(sql);
    try (ResultSet row =
        statement.executeQuery(
            "SELECT lower(mode) FROM pg_locks WHERE pid = pg_backend_pid()"
                + " AND relation = '%s'::regclass ORDER BY mode = 'AccessExclusiveLock' DESC,"
                    .formatted(lock.on())
                + " mode = 'ShareUpdateExclusiveLock' DESC, mode = 'RowExclusiveLock' DESC")) {
      row.next();
      String mode = row.getString(1);
      session.commit();
      return mode;
    }
  }
}
