package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Proves that what a plan wrote is rolled back to the schema of before, or not under a fleet. */
@OnSchemaServer
class PlannedRollbackTest {
  private static final String TABLE = "\"My.Shop\".\"Cus'tomer\"";

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir private Path directory;
  private PlannedChangelog planned;

  @BeforeEach
  void expand() throws Exception {
    planned = PlannedChangelog.write(database, directory, PlannedStagesTest.strangers(database));
    planned.apply(SchemaStage.EXPAND);
    database.run("UPDATE %s SET \"order\" = 'Ada', \"what's\" = 'Lovelace'".formatted(TABLE));
  }

  @Test
  void expandIsRolledBackWithWhatHangsOnIt() throws Exception {
    database.heartbeat();
    isNotRolledBack("instances are live");
    database.run("UPDATE migration_instance SET heartbeat_at = now() - interval '61 s'");
    database.phase(1, true);
    isNotRolledBack(
        "%s.\"order\", %1$s.\"what's\" in use: bring full-name back to phase 0 first"
            .formatted(TABLE));
    database.phase(0, true);
    planned.rollback();
    assertThat(database.list("SELECT name FROM migration_state")).isEmpty();
    assertThat(table()).noneMatch(line -> line.startsWith("order") || line.startsWith("what"));
    assertThat(planned.apply(SchemaStage.EXPAND)).containsExactly("010-columns");
  }

  @Test
  void anIndexThatReadsNeedStays() throws Exception {
    List<String> before = table();
    planned.apply(SchemaStage.INDEX);
    database.phase(2, true);
    isNotRolledBack("need by_both: go back to phase 1 first");
    database.phase(1, true);
    planned.rollback();
    planned.rollback();
    assertThat(table()).isEqualTo(before);
  }

  @Test
  void enforceIsRolledBackChangesetByChangeset() throws Exception {
    List<String> before = table();
    database.phase(2, true);
    List<String> ran = planned.apply(SchemaStage.ENFORCE);
    database.phase(3, true);
    isNotRolledBack("go back to phase 2 first");
    database.phase(2, true);
    for (int n = 0; n < ran.size(); n++) {
      planned.rollback();
    }
    assertThat(table()).isEqualTo(before);
    assertThat(planned.apply(SchemaStage.ENFORCE)).isEqualTo(ran);
  }

  @Test
  void contractIsRolledBackUnderALiveFleetToEmptyColumns() throws Exception {
    database.phase(2, true);
    planned.apply(SchemaStage.ENFORCE);
    List<String> before = table();
    database.phase(2, false);
    assertThatThrownBy(() -> planned.apply(SchemaStage.CONTRACT))
        .hasMessageContaining("'full-name: phase 2, not drained'");
    database.phase(3, true);
    database.heartbeat();
    planned.apply(SchemaStage.CONTRACT);
    database.phase(2, true);
    isNotRolledBack("full-name is not in phase 3");
    database.phase(3, true);
    planned.rollback();
    assertThat(table()).isEqualTo(before);
    assertThat(database.one("SELECT count(\"full \"\"name\") FROM " + TABLE)).isEqualTo("0");
    assertThat(database.one("SELECT contracted_at IS NULL FROM migration_state")).isEqualTo("t");
  }

  private void isNotRolledBack(String reason) {
    List<String> before = table();
    assertThatThrownBy(planned::rollback).hasMessageContaining(reason);
    assertThat(table()).isEqualTo(before);
  }

  /** Columns, constraints and valid indexes. */
  private List<String> table() {
    return database.list(
        """
        SELECT line FROM (
          SELECT format('%%s %%s %%s', attname, format_type(atttypid, atttypmod), attnotnull) AS line
          FROM pg_attribute
          WHERE attrelid = '%1$s'::regclass AND attnum > 0 AND NOT attisdropped
          UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint
          WHERE conrelid = '%1$s'::regclass
          UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index
          WHERE indrelid = '%1$s'::regclass AND indisvalid) t
        ORDER BY line COLLATE "C"
        """
            .formatted(TABLE.replace("'", "''")));
  }
}
