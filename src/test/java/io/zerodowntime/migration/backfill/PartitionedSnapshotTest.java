package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineProfile;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Proves that a comparison in one snapshot sees each partition of that instant and keeps none from
 * being attached, detached or rewritten. The row that makes it halt is the last one of the second
 * partition.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class PartitionedSnapshotTest extends SnapshotFixture {
  @BeforeEach
  void partition() {
    List<String> statements = new ArrayList<>();
    statements.add("DROP TABLE IF EXISTS keyed, keyed_1, keyed_2, keyed_3, keyed_4");
    statements.add(
        "CREATE TABLE keyed (code bigint PRIMARY KEY, old_kind text, kind text, filler text)"
            + " PARTITION BY RANGE (code)");
    statements.add("ALTER TABLE keyed ALTER COLUMN filler SET STORAGE PLAIN");
    for (int n = 1; n <= 4; n++) {
      statements.add(
          "CREATE TABLE keyed_%d PARTITION OF keyed FOR VALUES FROM (%d) TO (%d)"
              .formatted(n, n * 250 - 249, n * 250 + 1));
    }
    statements.add(FILL);
    statements.add("ANALYZE keyed");
    database.run(statements);
  }

  /** Does it while the second partition is read, and what is behind it is not. */
  private Run ended(String... meanwhile) throws Exception {
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), 1);
      halted();
      for (String sql : meanwhile) {
        database.run(sql);
      }
    }
    return ended(work);
  }

  private void assertEnded(Run ended, long scanned, long mismatched, int attempts) {
    assertThat(ended)
        .extracting(Run::state, Run::snapshot, Run::scanned, Run::mismatched)
        .containsExactly(RunState.COMPLETE, true, scanned, mismatched);
    assertThat(attempts()).isEqualTo(String.valueOf(attempts));
    assertThat(
            Engine.await(
                    gates.evidence(pool, MIGRATION, Engine.await(states.state(pool, MIGRATION))))
                .parity()
                .orElseThrow()
                .complete())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9})
  void findsWhatDisagreesInEachPartition(int workers) {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code IN (1, 250, 251, 1000)");
    Run run = start();
    assertThat(run.snapshot()).isTrue();
    assertEnded(ended(work(run, workers)), 1000, 4, 1);
    assertThat(unrepaired())
        .containsExactly(
            "1 Kind outsider", "250 Kind outsider", "251 Kind outsider", "1000 Kind outsider");
  }

  @Test
  void seesOneInstantWhileRowsMoveBetweenPartitions() throws Exception {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code = 990");
    Run ended =
        ended(
            "DELETE FROM keyed WHERE code IN (8, 9, 901, 902)",
            "UPDATE keyed SET code = code + 892, kind = 'moved' WHERE code IN (10)",
            "UPDATE keyed SET code = code - 895, kind = 'moved' WHERE code IN (903)",
            "UPDATE keyed SET kind = 'kind' WHERE code = 990");
    assertEnded(ended, 1000, 1, 1);
    assertThat(unrepaired()).containsExactly("990 Kind outsider");
  }

  /** A lock on the table, or on all partitions, would hold up the statement and all behind it. */
  @ParameterizedTest
  @CsvSource({
    "ALTER TABLE keyed DETACH PARTITION keyed_4, 1000",
    "ALTER TABLE keyed DETACH PARTITION keyed_1, 1000",
    "DROP TABLE keyed_4, 750",
    "ALTER TABLE keyed DETACH PARTITION keyed_4; ALTER TABLE keyed_4 DROP COLUMN kind, 750"
  })
  void aPartitionMayGoMeanwhile(String statement, long scanned) throws Exception {
    assertEnded(ended(statement), scanned, 0, 1);
    database.run("DROP TABLE IF EXISTS keyed_1, keyed_4");
  }

  @Test
  void whatDisagreedInAPartitionThatWentDoesNotCount() throws Exception {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code = 1");
    Run ended = ended("ALTER TABLE keyed DETACH PARTITION keyed_1");
    assertEnded(ended, 750, 0, 2);
    database.run("DROP TABLE keyed_1");
  }

  @Test
  void aPartitionThatComesMeanwhileIsComparedToo() throws Exception {
    Run ended =
        ended(
            "CREATE TABLE keyed_5 PARTITION OF keyed FOR VALUES FROM (1001) TO (2001)",
            "INSERT INTO keyed VALUES (1001, 'Kind', 'kind'), (1002, 'Kind', 'outsider')");
    assertEnded(ended, 1002, 1, 2);
    assertThat(unrepaired()).containsExactly("1002 Kind outsider");
  }

  /** What was rewritten may lie on other pages, or nowhere for this snapshot. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "VACUUM FULL keyed_1",
        "VACUUM FULL keyed_4",
        "ALTER TABLE keyed_4 RENAME TO keyed_x; ALTER TABLE keyed_3 RENAME TO keyed_4;"
            + " ALTER TABLE keyed_x RENAME TO keyed_3",
        "BEGIN; CREATE TEMP TABLE saved AS SELECT * FROM keyed_4; TRUNCATE keyed_4;"
            + " INSERT INTO keyed SELECT * FROM saved; DROP TABLE saved; COMMIT",
        "ALTER TABLE keyed DETACH PARTITION keyed_1; ALTER TABLE keyed ATTACH PARTITION keyed_1"
            + " FOR VALUES FROM (1) TO (251)"
      })
  void aPartitionThatWasRewrittenIsComparedAnew(String statement) throws Exception {
    assertEnded(ended(statement), 1000, 0, 2);
  }

  @Test
  void partitionsThatComeInEachAttemptAreComparedInTheOrderOfTheKey() {
    AtomicInteger come = new AtomicInteger();
    Run ended =
        ended(
            job.work(MIGRATION, start(), 1)
                .invoke(
                    result -> {
                      if (result.scanned() > 0
                          && come.get() < SnapshotStore.MAX_ATTEMPTS
                          && attempts().equals(String.valueOf(come.get() + 1))) {
                        come(come.incrementAndGet());
                      }
                    })
                .collect()
                .last()
                .subscribeAsCompletionStage()
                .toCompletableFuture());
    assertThat(ended)
        .extracting(Run::state, Run::snapshot, Run::scanned, Run::mismatched)
        .containsExactly(RunState.COMPLETE, false, 1003L, 3L);
  }

  private void come(int n) {
    database.run(
        "CREATE TABLE keyed_5%d PARTITION OF keyed FOR VALUES FROM (%d) TO (%d)"
            .formatted(n, 1000 + n, 1001 + n));
    database.run("INSERT INTO keyed VALUES (%d, 'Kind', 'outsider')".formatted(1000 + n));
  }

  @Test
  void locksThePartitionThatIsReadAndNoOther() throws Exception {
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), 1);
      halted();
      assertThat(
              database.rows(
                  "SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                      + " WHERE c.relname LIKE 'keyed%' AND c.relkind IN ('r', 'p')"))
          .containsExactly("keyed_2");
    }
    assertEnded(ended(work), 1000, 0, 1);
  }
}
