package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sync;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code sync}, a writer that knows nothing of the migration leaves both sides right. */
@OnSchemaServer
class SyncTriggerTest {
  private static final String BOTH =
      "SELECT concat_ws('|', \"Full Name\", first, \"the last\") FROM person WHERE id = ";

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir private Path directory;
  private PlannedChangelog planned;

  @BeforeEach
  void expand() throws Exception {
    database.run(
        "CREATE TABLE person (id bigint PRIMARY KEY, \"Full Name\" text NOT NULL, note text,"
            + " boss bigint REFERENCES person ON UPDATE CASCADE)",
        "ALTER TABLE person OWNER TO " + database.owner(),
        "INSERT INTO person VALUES (1, 'Ada Lovelace')");
    planned = PlannedChangelog.write(database, directory, split());
    assertThat(planned.apply(SchemaStage.EXPAND)).endsWith("010-columns", "010-sync");
    assertThat(planned.apply(SchemaStage.EXPAND)).isEmpty();
  }

  private static Migration split() {
    return new Migration(
        "person-name",
        "person",
        List.of("id"),
        List.of(ComputedColumn.of("Full Name", "first || ' ' || \"the last\"")),
        List.of(
            ComputedColumn.of("first", "split_part(\"Full Name\", ' ', 1)"),
            ComputedColumn.of("the last", "split_part(\"Full Name\", ' ', 2)")),
        List.of(),
        List.of(),
        new Migration.Options(
            Optional.empty(), Optional.empty(), Optional.empty(), false, Sync.COPY));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void oneSideIsCopiedToTheOtherInEveryPhase(int phase) {
    database.phase(phase, true);
    database.run("INSERT INTO person (id, \"Full Name\") VALUES (2, 'Grace Hopper')");
    assertThat(database.one(BOTH + 2)).isEqualTo("Grace Hopper|Grace|Hopper");
    database.run("INSERT INTO person (id, first, \"the last\") VALUES (3, 'Tony', 'Hoare')");
    assertThat(database.one(BOTH + 3)).isEqualTo("Tony Hoare|Tony|Hoare");
    database.run("UPDATE person SET \"Full Name\" = 'Barbara Liskov' WHERE id = 3");
    assertThat(database.one(BOTH + 3)).isEqualTo("Barbara Liskov|Barbara|Liskov");
    database.run("UPDATE person SET first = 'Anna' WHERE id = 3");
    assertThat(database.one(BOTH + 3)).isEqualTo("Anna Liskov|Anna|Liskov");
  }

  @Test
  void twoSidesThatDisagreeAreDecidedByThePhase() {
    String differently =
        "UPDATE person SET \"Full Name\" = 'Alan %1$s', first = 'Kurt', \"the last\" = '%1$s'";
    database.phase(1, true);
    database.run(differently.formatted("one"));
    assertThat(database.one(BOTH + 1)).isEqualTo("Alan one|Alan|one");
    database.phase(2, true);
    database.run(differently.formatted("two"));
    assertThat(database.one(BOTH + 1)).isEqualTo("Kurt two|Kurt|two");
  }

  @Test
  void aRowThatIsNotWrittenIsLeftToTheBackfill() {
    database.run("UPDATE person SET note = 'seen', \"Full Name\" = \"Full Name\"");
    assertThat(database.one(BOTH + 1)).isEqualTo("Ada Lovelace");
  }

  /** Neither a search path nor COPY, a cascade or an upsert leads around it. */
  @Test
  void everyWayOfWritingMeetsIt() {
    database.run(
        "INSERT INTO person (id, \"Full Name\", boss) VALUES (5, 'Leslie Lamport', 1)",
        "SET search_path = pg_catalog; UPDATE public.person SET \"Full Name\" = 'Niklaus Wirth',"
            + " first = 'x' WHERE id = 5; RESET search_path",
        "INSERT INTO person (id, \"Full Name\") VALUES (5, 'Edsger Dijkstra')"
            + " ON CONFLICT (id) DO UPDATE SET \"Full Name\" = excluded.\"Full Name\"",
        "UPDATE person SET id = 6 WHERE id = 1");
    assertThat(database.one(BOTH + 5)).isEqualTo("Edsger Dijkstra|Edsger|Dijkstra");
    assertThat(database.one("SELECT boss FROM person WHERE id = 5")).isEqualTo("6");
    database.run("COPY person (id, \"Full Name\") FROM PROGRAM 'echo 7,Donald Knuth' (FORMAT csv)");
    assertThat(database.one(BOTH + 7)).isEqualTo("Donald Knuth|Donald|Knuth");
  }

  /** The server itself writes the old column then, in a statement that no application sent. */
  @Test
  void aCascadeThatWritesTheOldColumnMeetsItToo() {
    database.run(
        "CREATE TABLE name (full_name text PRIMARY KEY)",
        "INSERT INTO name VALUES ('Ada Lovelace')",
        "ALTER TABLE person ADD FOREIGN KEY (\"Full Name\") REFERENCES name ON UPDATE CASCADE",
        "UPDATE name SET full_name = 'Ada King'");
    assertThat(database.one(BOTH + 1)).isEqualTo("Ada King|Ada|King");
  }

  @Test
  void aMergeMeetsIt() {
    assumeTrue(Integer.parseInt(database.one("SHOW server_version_num")) >= 150000, "no MERGE");
    database.run(
        "MERGE INTO person p USING (VALUES (1, 'Ada King'), (2, 'Tony Hoare')) v (id, name)"
            + " ON p.id = v.id WHEN MATCHED THEN UPDATE SET \"Full Name\" = v.name"
            + " WHEN NOT MATCHED THEN INSERT (id, \"Full Name\") VALUES (v.id, v.name)");
    assertThat(database.one(BOTH + 1)).isEqualTo("Ada King|Ada|King");
    assertThat(database.one(BOTH + 2)).isEqualTo("Tony Hoare|Tony|Hoare");
  }

  @Test
  void itGoesWithTheOldColumnAndComesBackWithIt() throws Exception {
    assertThatThrownBy(this::rollbackInUse).hasMessageContaining("back to phase 0 first");
    database.phase(3, true);
    database.run("UPDATE person SET first = 'A', \"the last\" = 'B'");
    assertThat(planned.apply(SchemaStage.CONTRACT)).containsExactly("090-drop");
    assertThat(triggers()).isEqualTo("0");
    database.run("UPDATE person SET first = 'C'");
    planned.rollback();
    assertThat(triggers()).isEqualTo("2");
    assertThat(planned.apply(SchemaStage.EXPAND)).isEmpty();
    database.run("UPDATE person SET \"Full Name\" = 'D E' WHERE id = 1");
    assertThat(database.one(BOTH + 1)).isEqualTo("D E|D|E");
  }

  private void rollbackInUse() throws Exception {
    database.phase(1, true);
    planned.rollback();
  }

  private String triggers() {
    return database.one("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zd_sync%'");
  }

  @Test
  void aTriggerThatIsMissingOrDisabledComesBack() {
    for (String fault :
        List.of(
            "ALTER TABLE person DISABLE TRIGGER \"zd_sync_person-name_u\"",
            "DROP TRIGGER \"zd_sync_person-name_u\" ON person",
            "DROP TRIGGER \"zd_sync_person-name_i\" ON person",
            "COMMENT ON FUNCTION \"zd_sync_person-name\"() IS 'of another definition'")) {
      database.run(fault);
      assertThat(planned.apply(SchemaStage.EXPAND)).as(fault).containsExactly("010-sync");
      assertThat(planned.apply(SchemaStage.EXPAND)).isEmpty();
      assertThat(triggers()).isEqualTo("2");
    }
  }

  /** The new side is computed of the defaults and NULLs that such a row has. */
  @Test
  void anInsertThatGivesNeitherSideIsFilledToo() {
    database.run(
        "ALTER TABLE person ALTER COLUMN \"Full Name\" SET DEFAULT 'No Name'",
        "INSERT INTO person (id) VALUES (9)");
    assertThat(database.one(BOTH + 9)).isEqualTo("No Name|No|Name");
  }

  @Test
  void aColumnThatCannotBeComparedIsRefused() {
    database.run(
        "CREATE TABLE note (id bigint PRIMARY KEY, old_body json, body jsonb)",
        "ALTER TABLE note OWNER TO " + database.owner());
    Migration json =
        new Migration(
            "note-body",
            "note",
            List.of("id"),
            List.of(ComputedColumn.of("old_body", "body::json")),
            List.of(ComputedColumn.of("body", "old_body::jsonb")),
            List.of(),
            List.of(),
            split().options());
    assertThatThrownBy(() -> PlannedChangelog.plan(database, json))
        .hasMessageContaining("sync: ")
        .hasMessageContaining("json = json");
  }

  @Test
  void anExpressionOfSeveralLinesIsRefused() {
    Migration split = split();
    Migration lines =
        new Migration(
            split.name(),
            split.table(),
            split.key(),
            List.of(ComputedColumn.of("Full Name", "first || ' ' ||\n \"the last\"")),
            split.newColumns(),
            List.of(),
            List.of(),
            split.options());
    assertThatThrownBy(() -> PlannedChangelog.plan(database, lines))
        .hasMessageContaining("must be on one line");
  }
}
