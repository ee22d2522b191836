package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that the files of a plan walk any table through every stage, each of them repeatable. */
@OnSchemaServer
class PlannedStagesTest {
  private final SchemaTestDatabase database = new SchemaTestDatabase();
  @TempDir private Path directory;

  /** Another name keeps the shipped changesets of the same table out. */
  @Test
  void ordersEndAsWithTheShippedChangelog() throws Exception {
    SchemaTestDatabase shipped = new SchemaTestDatabase();
    SchemaRunner runner = shipped.runner(Duration.ofSeconds(30));
    database.ordersTables();
    Migration same =
        new Migration(
            "orders-planned",
            "orders",
            List.of("id"),
            SchemaTestDatabase.MIGRATION.oldColumns(),
            List.of(new ComputedColumn("status", "lower(old_status)", Optional.of("varchar(50)"))),
            SchemaTestDatabase.MIGRATION.newIndexes(),
            SchemaTestDatabase.MIGRATION.oldIndexes(),
            Migration.Options.NONE);
    PlannedChangelog planned = PlannedChangelog.write(database, directory, same);
    for (SchemaStage stage :
        List.of(
            SchemaStage.EXPAND,
            SchemaStage.INDEX,
            SchemaStage.ENFORCE,
            SchemaStage.RELAX,
            SchemaStage.ENFORCE,
            SchemaStage.CONTRACT)) {
      for (SchemaTestDatabase each : List.of(database, shipped)) {
        if (stage != SchemaStage.EXPAND) {
          each.phase(phase(stage), true);
        }
      }
      runner.apply(SchemaTestDatabase.MIGRATION, stage);
      assertThat(planned.apply(stage)).as("%s ran", stage).isNotEmpty();
      assertThat(database.catalog()).as("after %s", stage).isEqualTo(shipped.catalog());
    }
  }

  private static int phase(SchemaStage stage) {
    return switch (stage) {
      case EXPAND -> 0;
      case INDEX, RELAX -> 1;
      case ENFORCE -> 2;
      case CONTRACT -> 3;
    };
  }

  @Test
  void aStrangersTableIsWalkedThroughEveryStage() throws Exception {
    PlannedChangelog planned = PlannedChangelog.write(database, directory, strangers(database));
    assertThat(planned.apply(SchemaStage.EXPAND)).hasSize(14).endsWith("010-columns");
    assertThat(database.one("SELECT name || phase FROM migration_state")).isEqualTo("full-name0");
    assertThat(columns())
        .containsExactly(
            "Id bigint not null", "full \"name text not null", "order text", "what's text");
    repeats(planned, SchemaStage.EXPAND);

    database.phase(1, true);
    backfill();
    assertThat(planned.apply(SchemaStage.INDEX)).containsExactly("020-index-1", "020-index-2");
    repeats(planned, SchemaStage.INDEX);
    assertThat(indexes())
        .containsExactly(
            "CREATE INDEX \"by First\" ON \"My.Shop\".\"Cus'tomer\""
                + " USING btree (\"order\" DESC, \"Id\")",
            "CREATE INDEX by_both ON \"My.Shop\".\"Cus'tomer\" USING btree (\"order\", \"what's\")");

    enforced(planned);
    database.phase(1, true);
    assertThat(planned.apply(SchemaStage.RELAX)).containsExactly("040-relax");
    repeats(planned, SchemaStage.RELAX);
    assertThat(columns()).contains("order text", "what's text");
    database.phase(2, true);
    assertThat(planned.apply(SchemaStage.ENFORCE)).hasSize(4);

    database.phase(3, true);
    assertThat(planned.apply(SchemaStage.CONTRACT)).containsExactly("090-drop");
    repeats(planned, SchemaStage.CONTRACT);
    assertThat(columns())
        .containsExactly("Id bigint not null", "order text not null", "what's text not null");
    assertThat(indexes()).hasSize(2);
    assertThat(database.one("SELECT contracted_at IS NOT NULL FROM migration_state"))
        .isEqualTo("t");
  }

  private void enforced(PlannedChangelog planned) {
    database.phase(2, false);
    assertThat(planned.apply(SchemaStage.ENFORCE)).isEmpty();
    database.phase(2, true);
    assertThat(planned.apply(SchemaStage.ENFORCE))
        .containsExactly(
            "030-check", "030-validate", "030-not-null", "030-drop-check", "030-old-optional");
    repeats(planned, SchemaStage.ENFORCE);
    assertThat(columns())
        .containsExactly(
            "Id bigint not null",
            "full \"name text",
            "order text not null",
            "what's text not null");
  }

  private void repeats(PlannedChangelog planned, SchemaStage stage) {
    List<String> before = database.catalog();
    assertThat(planned.apply(stage)).isEmpty();
    assertThat(database.catalog()).isEqualTo(before);
  }

  /** A table of another schema, split into two columns, with names that need every quote. */
  static Migration strangers(SchemaTestDatabase database) {
    database.run(
        "CREATE SCHEMA \"My.Shop\" AUTHORIZATION " + database.owner(),
        "CREATE TABLE \"My.Shop\".\"Cus'tomer\""
            + " (\"Id\" bigint PRIMARY KEY, \"full \"\"name\" text NOT NULL)",
        "ALTER TABLE \"My.Shop\".\"Cus'tomer\" OWNER TO " + database.owner(),
        "CREATE INDEX \"Old 1\" ON \"My.Shop\".\"Cus'tomer\""
            + " (split_part(\"full \"\"name\", ' ', 1) DESC, \"Id\")",
        "CREATE INDEX old_2 ON \"My.Shop\".\"Cus'tomer\" (\"full \"\"name\")",
        "INSERT INTO \"My.Shop\".\"Cus'tomer\" SELECT n, 'Ada Lovelace' FROM generate_series(1, 9) n");
    return new Migration(
        "full-name",
        "\"My.Shop\".Cus'tomer",
        List.of("Id"),
        List.of(ComputedColumn.of("full \"name", "\"order\" || ' ' || \"what's\"")),
        List.of(
            ComputedColumn.of("order", "split_part(\"full \"\"name\", ' ', 1)"),
            ComputedColumn.of("what's", "split_part(\"full \"\"name\", ' ', 2)")),
        List.of("by First", "by_both"),
        List.of("Old 1", "old_2"),
        Migration.Options.NONE);
  }

  private void backfill() {
    database.run(
        "UPDATE \"My.Shop\".\"Cus'tomer\" SET \"order\" = split_part(\"full \"\"name\", ' ', 1),"
            + " \"what's\" = split_part(\"full \"\"name\", ' ', 2)");
  }

  private List<String> columns() {
    return database.list(
        "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod),"
            + " CASE WHEN attnotnull THEN 'not null' END) FROM pg_attribute"
            + " WHERE attrelid = '\"My.Shop\".\"Cus''tomer\"'::regclass AND attnum > 0"
            + " AND NOT attisdropped ORDER BY attname COLLATE \"C\"");
  }

  private List<String> indexes() {
    return database.list(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
            + " WHERE indrelid = '\"My.Shop\".\"Cus''tomer\"'::regclass AND indisvalid"
            + " AND c.relname LIKE 'by%' ORDER BY c.relname COLLATE \"C\"");
  }
}
