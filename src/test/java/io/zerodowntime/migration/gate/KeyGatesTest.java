package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No phase leaves out a column that a key still needs, on the way forward and back. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class KeyGatesTest {
  private static final Migration PARENT = migration("parent", "parent", "id", "id_big");
  private static final Migration CHILD = migration("child", "child", "parent_id", "parent_big");

  @Inject EngineDatabase database;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  private static Migration migration(String name, String table, String from, String to) {
    return new Migration(
        name,
        table,
        List.of("id"),
        List.of(ComputedColumn.of(from, to + "::integer")),
        List.of(ComputedColumn.of(to, from + "::bigint")),
        List.of(table + "_new_key"),
        List.of(table + "_old_key"),
        Migration.Options.NONE);
  }

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run(
        "CREATE TABLE parent (id serial CONSTRAINT parent_pkey PRIMARY KEY, id_big bigint)");
    database.run(
        "CREATE TABLE child (id bigint PRIMARY KEY, parent_id integer"
            + " CONSTRAINT child_fkey REFERENCES parent, parent_big bigint)");
    database.run("INSERT INTO migration_state (name) VALUES ('parent'), ('child')");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM migration_state WHERE name IN ('parent', 'child')");
    database.run("DROP TABLE child, parent");
  }

  private Verdict ask(Migration migration, Step step, String gate) {
    return Engine.await(
            states
                .state(pool, migration)
                .chain(state -> gates.verdicts(pool, migration, state, step, List.of())))
        .stream()
        .filter(verdict -> verdict.gate().equals(gate))
        .findFirst()
        .orElseThrow();
  }

  private Verdict forward(Migration migration) {
    return ask(migration, Step.READ_NEW_TO_CONTRACT, "old-column-optional");
  }

  private Verdict back(Migration migration) {
    return ask(migration, Step.DUAL_WRITE_TO_EXPAND, "new-column-optional");
  }

  @Test
  void phase3WaitsUntilTheForeignKeyHasMoved() {
    assertThat(forward(CHILD).reason()).isEqualTo("the foreign key child_fkey of child is on it");
    assertThat(forward(CHILD).remedy()).contains("move or drop", "expand");
    assertThat(forward(PARENT).reason())
        .contains("the foreign key child_fkey of child refers to it");
    database.run("ALTER TABLE child DROP CONSTRAINT child_fkey");
    assertThat(forward(CHILD).open()).isTrue();
    assertThat(forward(PARENT).reason()).doesNotContain("child_fkey");
  }

  @Test
  void phase3WaitsUntilKeyAndNumbersHaveMoved() {
    database.run("ALTER TABLE child DROP CONSTRAINT child_fkey");
    database.run("CREATE UNIQUE INDEX parent_old_key ON parent (id)");
    database.run("ALTER TABLE parent DROP CONSTRAINT parent_pkey, ALTER id DROP NOT NULL");
    assertThat(forward(PARENT).reason())
        .contains("id has a default, as a key", "parent.id_big accepts NULL", "no valid");
    database.run("ALTER TABLE parent ALTER id DROP DEFAULT, ADD PRIMARY KEY (id_big)");
    assertThat(forward(PARENT).reason()).isEqualTo("id may be left out");
  }

  /** The column of this name is the new one, and the old one is gone. */
  @Test
  void noStepGoesBackOnceTheDropHasRestoredNames() {
    database.run("UPDATE migration_state SET phase = 3 WHERE name = 'parent'");
    Step back = Step.CONTRACT_TO_READ_NEW;
    assertThat(ask(PARENT, back, "old-column").reason()).isEqualTo("id exists");
    database.run("UPDATE migration_state SET contracted_at = now() WHERE name = 'parent'");
    assertThat(ask(PARENT, back, "old-column").reason()).isEqualTo("id was dropped");
  }

  @Test
  void phase0WaitsUntilAllHaveMovedBack() {
    assertThat(back(PARENT).reason()).isEqualTo("id_big may be left out");
    assertThat(back(CHILD).reason()).isEqualTo("parent_big may be left out");
    database.run("ALTER TABLE child DROP CONSTRAINT child_fkey");
    database.run("ALTER TABLE parent DROP CONSTRAINT parent_pkey, ADD PRIMARY KEY (id_big)");
    database.run("ALTER TABLE parent ALTER id DROP NOT NULL, ALTER id DROP DEFAULT");
    database.run("ALTER TABLE parent ALTER id_big SET DEFAULT nextval('parent_id_seq')");
    database.run(
        "ALTER TABLE child ADD CONSTRAINT child_new FOREIGN KEY (parent_big) REFERENCES parent");
    assertThat(back(CHILD).reason()).isEqualTo("the foreign key child_new of child is on it");
    assertThat(back(PARENT).reason())
        .contains("the foreign key child_new of child refers to it")
        .contains("id_big has a default, as a key", "parent.id accepts NULL");
  }
}
