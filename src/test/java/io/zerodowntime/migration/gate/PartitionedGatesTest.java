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

/** The gates of a partitioned table look at its partitions too. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class PartitionedGatesTest {
  private static final Migration JOURNAL =
      new Migration(
          "other",
          "journal",
          List.of("day", "id"),
          List.of(ComputedColumn.of("old_kind", "upper(kind)")),
          List.of(ComputedColumn.of("kind", "lower(old_kind)")),
          List.of("journal_kind_idx"),
          List.of("journal_old_kind_idx"),
          Migration.Options.NONE);

  private static final String TABLES =
      """
      CREATE TABLE journal (day date, id bigint, old_kind text, kind text,
        CONSTRAINT journal_id_positive CHECK (id > 0),
        PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
      CREATE INDEX journal_old_kind_idx ON journal (lower(old_kind), id);
      CREATE TABLE journal_1 PARTITION OF journal
        FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
      CREATE TABLE journal_2 PARTITION OF journal
        FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')
      """;

  @Inject EngineDatabase database;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run(TABLES);
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE journal");
  }

  private Verdict verdict(Step step, String gate) {
    return named(
        gate,
        Engine.await(
            states
                .state(pool, JOURNAL)
                .chain(state -> gates.verdicts(pool, JOURNAL, state, step, List.of()))));
  }

  private Verdict dependents() {
    return named(
        "no-dependents",
        Engine.await(
            states
                .state(pool, JOURNAL)
                .chain(state -> gates.dropVerdicts(pool, JOURNAL, state, List.of()))));
  }

  private static Verdict named(String gate, List<Verdict> verdicts) {
    return verdicts.stream().filter(v -> v.gate().equals(gate)).findFirst().orElseThrow();
  }

  /** As an operator builds it: no lock that writers would notice. */
  @Test
  void anIndexIsThereWhenEveryPartitionHasIt() {
    Step step = Step.DUAL_WRITE_TO_READ_NEW;
    database.run("CREATE INDEX journal_kind_idx ON ONLY journal (kind, id)");
    assertThat(verdict(step, "new-indexes").open()).isFalse();
    database.run("CREATE INDEX CONCURRENTLY journal_1_kind_idx ON journal_1 (kind, id)");
    database.run("ALTER INDEX journal_kind_idx ATTACH PARTITION journal_1_kind_idx");
    assertThat(verdict(step, "new-indexes").reason())
        .isEqualTo("missing or invalid: [journal_kind_idx]");
    database.run("CREATE INDEX CONCURRENTLY journal_2_kind_idx ON journal_2 (kind, id)");
    database.run("ALTER INDEX journal_kind_idx ATTACH PARTITION journal_2_kind_idx");
    assertThat(verdict(step, "new-indexes").open()).isTrue();
    database.run(
        "CREATE TABLE journal_3 PARTITION OF journal"
            + " FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')");
    assertThat(verdict(step, "new-indexes").open()).as("a partition that came later").isTrue();
  }

  @Test
  void aPartitionThatRefusesNullInAColumnIsFound() {
    String reason = "old_kind is NOT NULL without a default";
    assertThat(verdict(Step.READ_NEW_TO_CONTRACT, "old-column-optional").open()).isTrue();
    database.run("ALTER TABLE journal_2 ALTER old_kind SET NOT NULL");
    assertThat(verdict(Step.READ_NEW_TO_CONTRACT, "old-column-optional").reason())
        .isEqualTo(reason);
    database.run("ALTER TABLE journal_2 ALTER old_kind DROP NOT NULL");
    database.run("ALTER TABLE journal_1 ADD CHECK (old_kind IS NOT NULL) NOT VALID");
    assertThat(verdict(Step.READ_NEW_TO_CONTRACT, "old-column-optional").reason())
        .isEqualTo(reason);

    database.run("ALTER TABLE journal_1 ALTER kind SET NOT NULL");
    assertThat(verdict(Step.EXPAND_TO_DUAL_WRITE, "new-column").open()).isFalse();
    assertThat(verdict(Step.READ_NEW_TO_CONTRACT, "new-column-not-null").open())
        .as("one partition is not all of them")
        .isFalse();
    database.run("ALTER TABLE journal ALTER kind SET NOT NULL");
    assertThat(verdict(Step.READ_NEW_TO_CONTRACT, "new-column-not-null").open()).isTrue();
  }

  @Test
  void dependentsOfAPartitionAreNamed() {
    assertThat(dependents().reason()).isEqualTo("nothing depends on it");
    database.run("CREATE VIEW journal_view AS SELECT old_kind FROM journal_1");
    database.run("CREATE INDEX journal_own_idx ON journal_2 (old_kind)");
    database.run("ALTER TABLE journal_2 ADD CONSTRAINT journal_own CHECK (old_kind <> '')");
    database.run("ALTER TABLE journal ADD CONSTRAINT journal_every CHECK (old_kind <> 'x')");
    assertThat(dependents().reason())
        .contains("journal_view")
        .contains("index journal_own_idx")
        .contains("constraint journal_own on table journal_2")
        .contains("constraint journal_every on table journal")
        .doesNotContain("constraint journal_every on table journal_1")
        .doesNotContain("lower");
    database.run("DROP VIEW journal_view; DROP INDEX journal_own_idx");
    database.run("ALTER TABLE journal_2 DROP CONSTRAINT journal_own");
    database.run("ALTER TABLE journal DROP CONSTRAINT journal_every");
    assertThat(dependents().open()).isTrue();
  }

  @Test
  void theKeyNeedsAnIndexOfEveryPartition() {
    assertThat(Engine.await(gates.key(pool, JOURNAL, JOURNAL.key())).open()).isTrue();
    database.run("ALTER TABLE journal DROP CONSTRAINT journal_pkey");
    database.run("ALTER TABLE journal ALTER day SET NOT NULL, ALTER id SET NOT NULL");
    database.run("CREATE UNIQUE INDEX journal_key ON ONLY journal (day, id)");
    assertThat(Engine.await(gates.key(pool, JOURNAL, JOURNAL.key())).reason())
        .contains("has no valid");
    for (int i = 1; i <= 2; i++) {
      database.run("CREATE UNIQUE INDEX journal_%1$d_key ON journal_%1$d (day, id)".formatted(i));
      database.run("ALTER INDEX journal_key ATTACH PARTITION journal_%d_key".formatted(i));
    }
    assertThat(Engine.await(gates.key(pool, JOURNAL, JOURNAL.key())).open()).isTrue();
  }
}
