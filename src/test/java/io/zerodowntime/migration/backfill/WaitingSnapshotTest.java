package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Proves that a comparison in a snapshot which waits for its share of the workers keeps its
 * session, and no longer than the snapshot may last.
 */
@QuarkusTest
@TestProfile(WaitingSnapshotTest.Impatient.class)
class WaitingSnapshotTest extends SnapshotFixture {
  /** A server that ends an idle session after a second. */
  public static final class Impatient extends EngineProfile {
    public Impatient() {
      super(
          "quarkus.datasource.reactive.additional-properties.idle_in_transaction_session_timeout",
          "1000",
          "migration.backfill.snapshot-limit",
          "8s");
    }
  }

  /** A session that waits, three times as long as the server lets an idle one. */
  private static final String KEPT =
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND pid IN (
        SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE c.relname = 'keyed' AND l.mode = 'AccessShareLock')
        AND xact_start < clock_timestamp() - interval '3 s'
      """;

  @Inject SharedWorkers workers;
  private final CompletableFuture<Void> others = new CompletableFuture<>();

  /** Other runs have all that this process may do at once. */
  @BeforeEach
  void occupy() {
    workers
        .share(MIGRATION, 1000, () -> Uni.createFrom().completionStage(others))
        .subscribe()
        .with(done -> {});
  }

  @AfterEach
  void end() {
    others.complete(null);
  }

  @Test
  void keepsItsSessionWhileItWaits() {
    CompletableFuture<BatchResult> work = work(start(), 1);
    await().until(() -> database.number(KEPT) == 1);
    others.complete(null);
    Run ended = ended(work);
    assertProven(ended, 0);
    assertThat(ended.snapshot()).isTrue();
    assertThat(attempts()).isEqualTo("1");
  }

  @Test
  void givesTheSnapshotUpWhenItIsTooOld() {
    CompletableFuture<BatchResult> work = work(start(), 1);
    await()
        .until(() -> database.rows("SELECT id FROM backfill_run WHERE NOT snapshot").size() == 1);
    assertThat(work).isNotDone();
    await().until(() -> database.number(SNAPSHOTS) == 0);
    others.complete(null);
    assertProven(ended(work), 0);
  }
}
