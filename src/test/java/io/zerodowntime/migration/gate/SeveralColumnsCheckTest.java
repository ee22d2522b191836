package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PostgreSQL judges definitions of several columns: splits, merges, and many to many. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SeveralColumnsCheckTest {
  private static final String FIRST = "split_part(full_name, ' ', 1)";
  private static final String LAST = "substr(full_name, length(split_part(full_name, ' ', 1)) + 2)";

  @Inject EngineDatabase database;
  @Inject Pool pool;
  @Inject Migrations migrations;

  @BeforeEach
  void create() {
    database.run(
        "CREATE TABLE judged (id integer PRIMARY KEY, full_name text, first_name text,"
            + " last_name varchar(9), a integer, b integer, other text)");
    database.run(
        "INSERT INTO judged (id, full_name, a, b)"
            + " SELECT n, 'Ann Of ' || n, n, 100 FROM generate_series(1, 20) AS n");
  }

  @AfterEach
  void drop() {
    database.run("DROP TABLE IF EXISTS judged");
  }

  private Verdict judge(List<ComputedColumn> olds, List<ComputedColumn> news) {
    Verdict verdict =
        Engine.await(
            new DefinitionCheck(pool, migrations)
                .verdict(
                    new Migration(
                        "judged",
                        "judged",
                        List.of("id"),
                        olds,
                        news,
                        List.of(),
                        List.of(),
                        Migration.Options.NONE)));
    assertThat(database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'zd_%'")).isEmpty();
    return verdict;
  }

  private Verdict split(String first, String last, String full) {
    return judge(
        List.of(ComputedColumn.of("full_name", full)),
        List.of(ComputedColumn.of("first_name", first), ComputedColumn.of("last_name", last)));
  }

  private Verdict merge(String first, String last, String full) {
    return judge(
        List.of(ComputedColumn.of("first_name", first), ComputedColumn.of("last_name", last)),
        List.of(ComputedColumn.of("full_name", full)));
  }

  private void assertOpen(Verdict verdict) {
    assertThat(verdict.reason()).isEqualTo("the expressions hold for 20 rows of a sample");
    assertThat(verdict.open()).isTrue();
  }

  @Test
  void takesASplitAndAMerge() {
    assertOpen(split(FIRST, LAST, "first_name || ' ' || last_name"));
    database.run("UPDATE judged SET full_name = NULL, first_name = 'Ann', last_name = 'Of ' || id");
    assertOpen(merge(FIRST, LAST, "first_name || ' ' || last_name"));
  }

  @Test
  void takesManyToManyWithColumnsThatAreYetToCome() {
    List<ComputedColumn> olds =
        List.of(ComputedColumn.of("a", "low"), ComputedColumn.of("b", "(low + width)::integer"));
    assertOpen(
        judge(
            olds,
            List.of(
                ComputedColumn.of("low", "least(a, b)"),
                new ComputedColumn("width", "abs(a - b)", Optional.of("bigint")))));
    assertThat(
            judge(
                    olds,
                    List.of(
                        ComputedColumn.of("low", "least(a, b)"),
                        new ComputedColumn("width", "a - b", Optional.of("nosuch"))))
                .reason())
        .isEqualTo("new.width: type \"nosuch\" does not exist");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "full_name # first_name # new.last_name: the expression reads first_name, and must read"
            + " full_name only",
        "full_name # full_name || other # new.last_name: the expression reads full_name, other,"
            + " and must read full_name only",
        "full_name # 'x' # new.last_name: the expression reads no column, and must read full_name",
        "full_name # random()::text || full_name # new.last_name: generation expression is not"
            + " immutable",
        "nosuch(full_name) # full_name # new.first_name: function nosuch(text) does not exist",
        "full_name # length(full_name) # new and its expression cannot be compared: operator",
        "full_name # full_name || repeat('x', 8) # forward to last_name fails: value too long for"
            + " type character varying(9), for 20 rows of the sample, keys: 1; 2; 3; 4; 5",
        "full_name # left(full_name, 3) # forward(reverse(y)) is not y, for 20 rows of the sample",
        "nullif(full_name, 'Ann Of 7') # nullif(left(full_name, 8), 'Ann Of 7') # forward makes"
            + " NULL of a value, for 1 rows of the sample, keys: 7"
      })
  void refusesASplit(String first, String last, String reason) {
    Verdict verdict = split(first, last, "first_name || ' ' || last_name");
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.open()).isFalse();
  }

  /** NULL in one new column is a value like any other, if it comes back. */
  @Test
  void takesNullInOneNewColumn() {
    database.run("UPDATE judged SET full_name = 'Ann' WHERE id = 7");
    assertOpen(
        split(FIRST, "nullif(" + LAST + ", '')", "first_name || coalesce(' ' || last_name, '')"));
    assertThat(split(FIRST, "nullif(" + LAST + ", '')", "first_name || ' ' || last_name").reason())
        .contains("forward(reverse(y)) is not y, for 1 rows of the sample, keys: 7");
  }

  @Test
  void refusesAMerge() {
    database.run("UPDATE judged SET first_name = 'Ann', last_name = 'Of ' || id");
    String full = "first_name || ' ' || last_name";
    assertThat(merge(FIRST, "other", full).reason())
        .contains("old.last_name: the expression reads other, and must read full_name only");
    assertThat(merge("full_name", "full_name", "first_name").reason())
        .contains("new: no expression reads last_name: what it holds would be lost");
    assertThat(merge(FIRST, "full_name || repeat('x', 8)", full).reason())
        .contains("reverse to last_name fails: value too long");
    assertThat(merge(FIRST, "split_part(full_name, ' ', 2)", full).reason())
        .contains("forward(reverse(y)) is not y, for 20 rows of the sample");
    database.run("UPDATE judged SET last_name = NULL WHERE id = 3");
    assertThat(merge(FIRST, LAST, full).reason())
        .contains("forward makes NULL of a value, for 1 rows of the sample, keys: 3");
    assertOpen(merge(FIRST, LAST, "coalesce(first_name, '') || ' ' || coalesce(last_name, '')"));
  }

  @Test
  void namesEveryColumnThatIsMissing() {
    assertThat(
            judge(
                    List.of(ComputedColumn.of("x", "a"), ComputedColumn.of("y", "a")),
                    List.of(ComputedColumn.of("a", "x + y")))
                .reason())
        .isEqualTo("column judged.x does not exist; column judged.y does not exist");
  }
}
