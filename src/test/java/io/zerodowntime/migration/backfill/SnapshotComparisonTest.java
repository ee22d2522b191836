package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.status.StatusText;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineProfile;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a comparison in one snapshot finds what disagreed at that instant, and only that. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SnapshotComparisonTest extends SnapshotFixture {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9})
  void findsWhatDisagreesAndJudgesWhatWasKnown(int workers) {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code IN (1, 1000)");
    database.run("UPDATE keyed SET kind = NULL WHERE code = 321");
    database.run(
        "INSERT INTO parity_mismatch (migration, key, epoch, source, found_at)"
            + " VALUES ('other', '5', 1, 'scan', now() - interval '1 hour')");
    Run run = start();
    assertThat(run.snapshot()).isTrue();

    Run ended = ended(work(run, workers));

    assertProven(ended, 3);
    assertThat(ended.snapshot()).isTrue();
    assertThat(attempts()).isEqualTo("1");
    assertThat(unrepaired())
        .containsExactly("1 Kind outsider", "321 Kind NULL", "1000 Kind outsider");
  }

  @Test
  void recordsABoundedNumberOfKeysAndCountsAll() {
    database.run(
        "INSERT INTO keyed (code, old_kind) SELECT n, 'Kind' FROM generate_series(1001, 3000) AS"
            + " n");
    Run.Limits large = new Run.Limits(100_000, Duration.ZERO, 1);
    Run run = Engine.await(backfill.startParity(MIGRATION, large, Engine.TEST));

    Run ended = ended(work(run, 1));

    assertThat(ended).extracting(Run::scanned, Run::mismatched).containsExactly(3000L, 2000L);
    assertThat(unrepaired()).hasSize(BatchStatement.MAX_KEPT);
  }

  /**
   * Rows that move from seen to unseen pages and back, appear, disappear and disagree meanwhile.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void seesOneInstantWhileWritersChangeRows(int workers) throws Exception {
    database.run("UPDATE keyed SET kind = 'outsider' WHERE code = 990");
    database.run("VACUUM keyed");
    CompletableFuture<BatchResult> work;
    try (Connection holder = halt()) {
      work = work(start(), workers);
      halted();
      database.run("UPDATE keyed SET filler = filler || 'y' WHERE code <= 100 OR code > 950");
      database.run("UPDATE keyed SET kind = 'later' WHERE code IN (7, 980)");
      database.run("UPDATE keyed SET kind = 'kind' WHERE code = 990");
      database.run("DELETE FROM keyed WHERE code IN (8, 981)");
      database.run(
          "INSERT INTO keyed SELECT n, 'Kind', 'new' FROM generate_series(2001, 2100) AS n");
    }
    assertProven(ended(work), 1);
    assertThat(unrepaired()).containsExactly("990 Kind outsider");
  }

  @Test
  void aTableWithChildrenIsComparedInTheOrderOfTheKey() {
    database.run("CREATE TABLE child () INHERITS (keyed)");

    Run ended = ended(work(start(), 2));

    assertProven(ended, 0);
    assertThat(ended.snapshot()).isFalse();
  }

  @Test
  void readsTheRangeOnly() {
    String plan =
        String.join(
            "\n",
            database.rows(
                "EXPLAIN "
                    + PageComparison.sql(
                            KeySql.untyped(MIGRATION, MIGRATION.key()), Optional.empty())
                        .replace("$1", "'(10,0)'")
                        .replace("$2", "'(20,0)'")
                        .replace("$3", "1000")));
    assertThat(plan).contains("Tid Range Scan", "One-Time Filter").doesNotContain("Seq Scan");
  }

  @Test
  void theStatusNamesTheMode() throws Exception {
    database.orders(100);
    database.phase(1);
    engine.backfill();
    engine.compare();
    assertThat(engine.status().parity().orElseThrow().mode()).contains("snapshot");
    assertThat(engine.status().backfill().orElseThrow().mode()).isEmpty();
    assertThat(StatusText.of(engine.status())).contains("(parity, snapshot) is complete");
  }
}
