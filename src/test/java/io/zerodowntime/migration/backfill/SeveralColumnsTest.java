package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Migrations of several columns: all of a side are filled, compared, repaired and refilled. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SeveralColumnsTest {
  private static final Run.Limits SMALL = new Run.Limits(7, Duration.ZERO, 1);

  private static final String FIRST = "split_part(full_name, ' ', 1)";
  private static final String LAST = "substr(full_name, length(split_part(full_name, ' ', 1)) + 2)";
  private static final String FULL = "first_name || ' ' || last_name";

  private static final Shape SPLIT =
      new Shape(
          List.of(ComputedColumn.of("full_name", FULL)),
          List.of(ComputedColumn.of("first_name", FIRST), ComputedColumn.of("last_name", LAST)),
          "full_name = 'Name' || n || ' Of ' || n");

  private static final Shape MERGE =
      new Shape(
          List.of(ComputedColumn.of("first_name", FIRST), ComputedColumn.of("last_name", LAST)),
          List.of(ComputedColumn.of("full_name", FULL)),
          "first_name = 'Name' || n, last_name = 'Of ' || n");

  private static final Shape MANY =
      new Shape(
          List.of(ComputedColumn.of("O'ne \\", "low"), ComputedColumn.of("Two", "high")),
          List.of(
              ComputedColumn.of("low", "least(\"O'ne \\\", \"Two\")"),
              ComputedColumn.of("high", "greatest(\"O'ne \\\", \"Two\")")),
          "\"O'ne \\\" = 'b' || n, \"Two\" = 'a' || n");

  /**
   * A definition.
   *
   * @param legacy what fills the old columns of a row
   */
  private record Shape(List<ComputedColumn> olds, List<ComputedColumn> news, String legacy) {
    Migration migration() {
      return new Migration(
          "other",
          "person",
          List.of("id"),
          olds,
          news,
          List.of(),
          List.of(),
          Migration.Options.NONE);
    }
  }

  static Stream<Shape> shapes() {
    return Stream.of(SPLIT, MERGE, MANY);
  }

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject ParityScan parity;
  @Inject SnapshotStore snapshots;
  @Inject MismatchRepair repair;
  private Migration migration = SPLIT.migration();

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run(
        "CREATE TABLE person (id int PRIMARY KEY, n int, full_name text, first_name text,"
            + " last_name text, \"O'ne \\\" text, \"Two\" text, low text, high text)");
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  @AfterEach
  void drop() {
    database.forget("other", "DROP TABLE person");
  }

  private Run work(Uni<Run> started) {
    Engine.await(job.work(migration, Engine.await(started), 2).collect().last());
    Run run = Engine.await(runs.runs(migration, 1)).get(0);
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    return run;
  }

  /** Both ways to compare find the same; the keys that the last one kept, in order. */
  private List<String> compared() {
    Run inSnapshot = work(parity.start(migration, Engine.TEST));
    assertThat(inSnapshot.snapshot()).isTrue();
    List<String> found = kept("key");
    Run inKeyOrder =
        work(parity.start(migration, Engine.TEST).call(run -> snapshots.fallBack(migration, run)));
    assertThat(inKeyOrder.snapshot()).isFalse();
    assertThat(kept("key")).isEqualTo(found);
    assertThat(List.of(inSnapshot.mismatched(), inKeyOrder.mismatched()))
        .containsOnly((long) found.size());
    return found;
  }

  private List<String> kept(String column) {
    return database.rows(
        "SELECT %s FROM parity_mismatch WHERE migration = 'other' AND repaired_at IS NULL"
                .formatted(column)
            + " ORDER BY key::int");
  }

  /** Rows that disagree, by a predicate of this test. */
  private long differing() {
    return database.number(
        "SELECT count(*) FROM person WHERE NOT (%s)"
            .formatted(
                String.join(
                    " AND ",
                    migration.newColumns().stream()
                        .map(c -> c.name() + " IS NOT DISTINCT FROM " + c.expression())
                        .toList())));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void movesAllColumnsOfARow(Shape shape) {
    migration = shape.migration();
    database.run("INSERT INTO person (id, n) SELECT i, i FROM generate_series(1, 40) AS i");
    database.run("UPDATE person SET " + shape.legacy());
    assertThat(compared()).hasSize(40);

    assertThat(work(backfill.start(migration, SMALL, Engine.TEST)).changed()).isEqualTo(40);
    assertThat(differing()).isZero();
    assertThat(compared()).isEmpty();

    String last = migration.newNames().get(migration.newNames().size() - 1);
    database.run("UPDATE person SET %s = %s || '!' WHERE id IN (7, 29)".formatted(last, last));
    assertThat(compared()).containsExactly("7", "29");
    assertThat(work(repair.start(migration, Engine.TEST)).changed()).isEqualTo(2);
    assertThat(differing()).isZero();
    assertThat(compared()).isEmpty();
    assertRefilled();
  }

  /** In phase 2 the new columns win, also over an old one that is spoiled alone. */
  private void assertRefilled() {
    database.run("UPDATE migration_state SET phase = 2, epoch = 2 WHERE name = 'other'");
    String reversed =
        String.join(", ", migration.oldColumns().stream().map(ComputedColumn::expression).toList());
    String wanted = "SELECT (%s)::text FROM person ORDER BY id";
    List<String> of = database.rows(wanted.formatted("ARRAY[" + reversed + "]"));
    for (String column : migration.oldNames()) {
      database.run("UPDATE person SET \"%s\" = 'zz ' || id WHERE id IN (3, 31)".formatted(column));
    }
    assertThat(compared()).containsExactly("3", "31");
    assertThat(work(backfill.start(migration, SMALL, Engine.TEST)).changed()).isEqualTo(2);
    assertThat(differing()).isZero();
    String olds = "ARRAY[\"" + String.join("\", \"", migration.oldNames()) + "\"]";
    assertThat(database.rows(wanted.formatted(olds) + " LIMIT 3")).last().isEqualTo(of.get(2));
    assertThat(compared()).isEmpty();
  }

  /** Text of several columns, each cut off; one column is kept as it is. */
  @Test
  void keepsWhatTheColumnsHold() {
    database.run(
        "INSERT INTO person (id, full_name, last_name, low, \"Two\")"
            + " VALUES (1, 'Ann', repeat('x', 2000), 'it', 'y')");
    assertThat(compared()).containsExactly("1");
    assertThat(kept("old_value")).containsExactly("Ann");
    assertThat(kept("coalesce(new_value::jsonb ->> 'first_name', 'NULL')")).containsExactly("NULL");
    assertThat(kept("length(new_value::jsonb ->> 'last_name')")).containsExactly("1000");

    migration = MANY.migration();
    assertThat(compared()).containsExactly("1");
    assertThat(kept("old_value")).containsExactly("{\"Two\": \"y\", \"O'ne \\\\\": null}");
    assertThat(kept("new_value")).containsExactly("{\"low\": \"it\", \"high\": null}");
  }

  private static final List<String> WORDS = List.of("", "a", "A", "b c", " ", "é", "'", "{", "\\");

  /** What parity calls clean is equal row by row to what this test computes itself. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void agreesWithAModel(long seed) {
    Random random = new Random(seed);
    List<Person> people = new ArrayList<>();
    for (int id = 1; id <= 60; id++) {
      people.add(new Person(id, word(random), word(random), word(random)));
    }
    for (Person person : people) {
      database.run(
          "INSERT INTO person (id, full_name, first_name, last_name) VALUES (%d, %s, %s, %s)"
              .formatted(person.id, sql(person.full), sql(person.first), sql(person.last)));
    }
    assertThat(compared())
        .containsExactlyElementsOf(
            people.stream().filter(Person::differs).map(p -> String.valueOf(p.id)).toList());
    work(backfill.start(migration, SMALL, Engine.TEST));
    assertThat(database.rows("SELECT first_name || '|' || last_name FROM person ORDER BY id"))
        .containsExactlyElementsOf(
            people.stream().map(p -> p.full == null ? null : p.head() + "|" + p.tail()).toList());
    assertThat(compared()).isEmpty();
  }

  private static @Nullable String word(Random random) {
    int at = random.nextInt(WORDS.size() + 2);
    return at < WORDS.size() ? WORDS.get(at) : at == WORDS.size() ? null : "a b";
  }

  private static String sql(@Nullable String value) {
    return value == null ? "NULL" : "'" + value.replace("'", "''") + "'";
  }

  private record Person(
      int id, @Nullable String full, @Nullable String first, @Nullable String last) {
    @Nullable String head() {
      return full == null ? null : full.contains(" ") ? full.substring(0, full.indexOf(' ')) : full;
    }

    @Nullable String tail() {
      return full == null ? null : full.contains(" ") ? full.substring(full.indexOf(' ') + 1) : "";
    }

    boolean differs() {
      return !Objects.equals(first, head()) || !Objects.equals(last, tail());
    }
  }
}
