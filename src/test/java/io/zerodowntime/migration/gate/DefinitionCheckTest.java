package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.LoggedFailures;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PostgreSQL judges definitions: what it takes, what it refuses, and with which words. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class DefinitionCheckTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject StateSource states;
  @Inject Pool pool;
  @Inject Migrations migrations;

  @BeforeEach
  void create() {
    database.run(
        """
        CREATE TABLE judged (id integer PRIMARY KEY, "Old" text, short varchar(3), small smallint,
          "New" text, other text, made text GENERATED ALWAYS AS (lower("Old")) STORED,
          counted integer GENERATED ALWAYS AS IDENTITY)
        """);
    database.run(
        "INSERT INTO judged (id, \"Old\") SELECT n, 'Kind ' || n FROM generate_series(1, 20) AS n");
  }

  @AfterEach
  void drop() {
    database.run("DROP TABLE IF EXISTS judged");
    database.run("DROP FUNCTION IF EXISTS steady(text)");
  }

  private Verdict judge(String oldColumn, String newColumn, String forward, String reverse) {
    return judge(migration("judged", oldColumn, newColumn, forward, reverse, Optional.empty()));
  }

  private Verdict judge(Migration migration) {
    Verdict verdict = Engine.await(new DefinitionCheck(pool, migrations).verdict(migration));
    assertThat(database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'zd_%'")).isEmpty();
    return verdict;
  }

  @Test
  void takesWhatHolds() {
    Verdict verdict = judge("Old", "New", "lower(\"Old\")", "upper(\"New\")");
    assertThat(verdict.reason()).isEqualTo("the expressions hold for 20 rows of a sample");
    assertThat(verdict.open()).isTrue();
  }

  @Test
  void takesAColumnThatIsYetToCome() {
    assertThat(judge("Old", "next", "length(\"Old\")", "repeat('x', next)").open()).isTrue();
    Optional<String> type = Optional.of("bigint");
    assertThat(
            judge(
                migration(
                    "judged", "Old", "next", "length(\"Old\")", "repeat('x', next::int)", type)))
        .extracting(Verdict::open)
        .isEqualTo(true);
  }

  @Test
  void isOpenForOrders() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(50);
    assertThat(
            Engine.await(new DefinitionCheck(pool, migrations).verdict(engine.migration()))
                .reason())
        .isEqualTo("the expressions hold for 50 rows of a sample");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "lower(\"Old\") || random() # upper(\"New\") # new.New: generation expression is not"
            + " immutable",
        "\"Old\" || now()::text # upper(\"New\") # new.New: generation expression is not immutable",
        "to_char(now(), \"Old\") # upper(\"New\") # new.New: generation expression is not immutable",
        "lower(\"Old\") # (SELECT max(\"New\") FROM judged) # old.Old: cannot use subquery in column",
        "max(\"Old\") # \"New\" # new.New: aggregate functions are not allowed in column generation",
        "length(\"Old\") # \"New\" # cannot be compared: operator does not exist: text = integer",
        "nosuch(\"Old\") # \"New\" # new.New: function nosuch(text) does not exist",
        "lower(Old) # \"New\" # new.New: column \"old\" does not exist",
        "ARRAY[\"Old\"] # \"New\" # cannot be compared: operator does not exist: text = text[]",
        "\"Old\" || other # \"New\" # new.New: the expression reads Old, other, and must read Old"
            + " only",
        "'x' || '' # \"New\" # new.New: the expression reads no column, and must read Old only",
        "lower(\"Old\") # 'x' # old.Old: the expression reads no column, and must read New only",
        "lower(\"Old\" # \"New\" # new.New: syntax error",
        "lower(\"Old\")) STORED; DROP TABLE judged; SELECT (1 # \"New\" # new.New: cannot insert"
            + " multiple commands into a prepared statement",
        "lower(\"Old\") # reverse(\"New\") # forward(reverse(y)) is not y, for 20 rows of the"
            + " sample, keys: 1; 2; 3; 4; 5",
        "nullif(lower(\"Old\"), 'kind 7') # \"New\" # forward makes NULL of a value, for 1 rows of"
            + " the sample, keys: 7"
      })
  void refuses(String forward, String reverse, String reason) {
    Verdict verdict = judge("Old", "New", forward, reverse);
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.open()).isFalse();
  }

  @Test
  void refusesValuesThatDoNotFit() {
    assertThat(judge("Old", "short", "left(\"Old\", 6)", "short").reason())
        .contains("forward fails: value too long for type character varying(3)", "keys: 1; 2; 3")
        .contains("for 20 rows");
    database.run("UPDATE judged SET \"Old\" = id * 2000");
    assertThat(judge("Old", "small", "\"Old\"::integer", "small::text").reason())
        .contains("forward fails: smallint out of range", "for 4 rows", "keys: 17; 18; 19; 20");
  }

  /** Not the oldest rows only, which fill the first pages and the first partition. */
  @Test
  void looksAtRowsOfTheWholeTable() {
    database.run(
        "INSERT INTO judged (id, \"Old\") SELECT n, CASE WHEN n > 20000 THEN 'no' ELSE 'yes' END"
            + " FROM generate_series(101, 40000) AS n");
    assertThat(judge("Old", "New", "lower(\"Old\")", "nullif(\"New\", 'no')").reason())
        .contains("forward(reverse(y)) is not y");
  }

  /** The server's words may hold a value, so that each row has a reason of its own. */
  @Test
  void tellsAFewReasons() {
    assertThat(judge("Old", "small", "\"Old\"::integer", "small::text").reason())
        .contains("for type integer: \"Kind 1\", for 1 rows of the sample, keys: 1; ")
        .endsWith("; 15 more reasons");
  }

  @Test
  void refusesNullThatBecomesAValue() {
    database.run("UPDATE judged SET \"Old\" = NULL WHERE id = 3");
    assertThat(judge("Old", "New", "lower(\"Old\")", "upper(\"New\")").open()).isTrue();
    assertThat(judge("Old", "New", "lower(\"Old\")", "coalesce(\"New\", 'X')").reason())
        .contains("forward(reverse(y)) is not y, for 1 rows of the sample, keys: 3");
  }

  @Test
  void refusesTargetsThatCannotBeWritten() {
    assertThat(judge("Old", "made", "lower(\"Old\")", "upper(made)").reason())
        .contains("made is a generated column");
    assertThat(judge("Old", "counted", "length(\"Old\")", "counted::text").reason())
        .contains("counted is GENERATED ALWAYS AS IDENTITY");
    assertThat(judge("none", "New", "lower(none)", "upper(\"New\")").reason())
        .contains("column judged.none does not exist");
    database.run("DROP TABLE judged");
    assertThat(judge("Old", "New", "lower(\"Old\")", "upper(\"New\")").reason())
        .isEqualTo("table judged does not exist");
    database.run(
        "CREATE TABLE judged (id int, \"Old\" text, \"New\" text) PARTITION BY LIST (\"Old\")");
    assertThat(judge("Old", "New", "lower(\"Old\")", "upper(\"New\")").reason())
        .contains("Old is a part of the partition key");
    database.run("DROP TABLE judged");
    database.run(
        "CREATE TABLE judged (id int, \"Old\" text, \"New\" text)"
            + " PARTITION BY LIST (lower(\"New\"))");
    assertThat(judge("Old", "New", "lower(\"Old\")", "upper(\"New\")").reason())
        .contains("New is a part of the partition key");
  }

  private static Migration migration() {
    return migration("judged", "Old", "New", "lower(\"Old\")", "upper(\"New\")", Optional.empty());
  }

  private static Migration migration(
      String table,
      String oldColumn,
      String newColumn,
      String forward,
      String reverse,
      Optional<String> type) {
    return new Migration(
        "judged",
        table,
        List.of("id"),
        List.of(ComputedColumn.of(oldColumn, reverse)),
        List.of(new ComputedColumn(newColumn, forward, type)),
        List.of(),
        List.of(),
        Migration.Options.NONE);
  }

  /** What PostgreSQL refused is not asked at each look; a table that was missing is. */
  @Test
  void asksAgainWhatTheCatalogTells() {
    DefinitionCheck check = new DefinitionCheck(pool, migrations);
    database.run("DROP TABLE judged");
    assertThat(Engine.await(check.verdict(migration())).open()).isFalse();
    create();
    assertThat(Engine.await(check.verdict(migration())).open()).isTrue();
    database.run("DROP TABLE judged");
    assertThat(Engine.await(check.verdict(migration())).open()).as("of before").isTrue();
  }

  /** The session ends under the check, as it does when the program stops. */
  @Test
  void doesNotBlameTheDefinitionForALostConnection() {
    database.run(
        """
        CREATE FUNCTION steady(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END'
        """);
    try (LoggedFailures log = new LoggedFailures()) {
      Verdict verdict = judge("Old", "New", "steady(\"Old\")", "\"New\"");
      assertThat(verdict.open()).isFalse();
      assertThat(verdict.reason()).startsWith("could not be checked: ").doesNotContain("Composite");
      assertThat(log.all()).isEmpty();
    }
  }

  @Test
  void doesNotBlameTheDefinitionForALock() {
    DefinitionCheck check = new DefinitionCheck(pool, migrations);
    Verdict verdict =
        Engine.await(
            pool.withTransaction(
                holder ->
                    holder
                        .query("LOCK TABLE judged")
                        .execute()
                        .chain(() -> check.verdict(migration()))));
    assertThat(verdict.reason()).contains("could not be checked: ").contains("lock timeout");
  }

  @Test
  void standsBeforeTheFirstStep() throws Exception {
    database.reset();
    engine.ask(0);
    database.orders(3);
    assertThat(engine.gates().get("definition").open()).isTrue();
    database.run("ALTER TABLE orders ALTER COLUMN status TYPE varchar(3)");
    Gates gates =
        new Gates(
            EngineConfig.with("migration.soak", "PT0S"),
            new DefinitionCheck(pool, migrations),
            () -> Uni.createFrom().item(List.of()),
            List.of());
    List<Verdict> verdicts =
        Engine.await(
            states
                .state(pool, engine.migration())
                .chain(
                    state ->
                        gates.verdicts(
                            pool,
                            engine.migration(),
                            state,
                            Step.EXPAND_TO_DUAL_WRITE,
                            List.of())));
    database.run("ALTER TABLE orders ALTER COLUMN status TYPE varchar(50)");
    assertThat(verdicts)
        .filteredOn(verdict -> verdict.gate().equals("definition"))
        .singleElement()
        .satisfies(
            verdict -> {
              assertThat(verdict.open()).isFalse();
              assertThat(verdict.reason()).contains("value too long", "for 3 rows");
              assertThat(verdict.remedy()).contains("docs/reference.md#definitions");
            });
  }
}
