package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.ListIterator;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.sessions.JqwikSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What parity calls clean is equal row by row to what this test computes itself, whatever the key,
 * the values, the size of the batches and the writers in between.
 *
 * <p>The cases are drawn by jqwik's arbitraries from a seed that a failure shows: the engine runs
 * in Quarkus, whose tests jqwik does not run, so a case is not shrunk. {@code -Dproperty.cases} is
 * their number, {@code -Dproperty.seed} the first seed. Writers run beside the batches, so a seed
 * repeats the case, and not always the order.
 */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ParityPropertyTest {
  private static final int CASES = Integer.getInteger("property.cases", 26);
  private static final long SEED = Long.getLong("property.seed", 1);

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject MismatchRepair repair;
  @Inject SnapshotStore snapshots;
  private ParityCase now;
  private Migration migration;
  private ParityTable table;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  @AfterEach
  void forget() {
    database.forget("other");
  }

  private void clear() {
    database.run("DELETE FROM backfill_run WHERE migration = 'other'");
    database.run("DELETE FROM parity_mismatch WHERE migration = 'other'");
  }

  @Test
  void whatIsCalledCleanIsEqual() {
    List<ParityCase.KeyType> types = ParityCase.KEY_TYPES;
    for (long seed = SEED; seed < SEED + CASES; seed++) {
      ParityCase.KeyType type = types.get((int) Math.floorMod(seed, (long) types.size()));
      now = draw(ParityCase.of(type), seed);
      migration = now.migration("property_" + seed);
      table = new ParityTable(database, now, migration);
      try {
        table.create();
        judge();
      } catch (Exception | AssertionError failure) {
        throw new AssertionError(
            "-Dproperty.seed=%d -Dproperty.cases=1: %s".formatted(seed, now), failure);
      }
      database.run("DROP TABLE " + migration.table());
      clear();
    }
  }

  private static ParityCase draw(Arbitrary<ParityCase> cases, long seed) {
    AtomicReference<ParityCase> drawn = new AtomicReference<>();
    JqwikSession.run(() -> drawn.set(cases.generator(1000, true).next(new Random(seed)).value()));
    return drawn.get();
  }

  private void judge() throws Exception {
    Run filled = fillBesideWriters();
    assertThat(filled.state()).isEqualTo(RunState.COMPLETE);
    List<String> left = table.differing();
    if (!now.movesRowsUnseen()) {
      assertThat(left).as("after the backfill").isEmpty();
    }
    assertFound(left);
    if (!left.isEmpty()) {
      work(repair.start(migration, Engine.TEST));
      assertFound(List.of());
    }
    int spoilt = Math.min(now.spoilt(), table.rows());
    table.spoil(spoilt);
    List<String> found = table.differing();
    assertThat(found).as("spoilt").hasSize(spoilt);
    assertFound(found);
  }

  /** Both ways to compare find these keys and no others, and see every row. */
  private void assertFound(List<String> expected) {
    assertThat(table.differing()).as("this test itself").isEqualTo(expected);
    Run.Limits limits = new Run.Limits(now.batchSize(), Duration.ZERO, 1);
    Run inSnapshot = work(backfill.startParity(migration, limits, Engine.TEST));
    assertRun(inSnapshot, expected);
    Run inKeyOrder =
        work(
            backfill
                .startParity(migration, limits, Engine.TEST)
                .call(run -> snapshots.fallBack(migration, run)));
    assertThat(inKeyOrder.snapshot()).isFalse();
    assertRun(inKeyOrder, expected);
  }

  private void assertRun(Run run, List<String> expected) {
    String way = run.snapshot() ? "in one snapshot" : "in the order of the key";
    assertThat(run.state()).as(way).isEqualTo(RunState.COMPLETE);
    assertThat(run.scanned()).as("rows %s", way).isEqualTo(table.rows());
    assertThat(run.mismatched()).as("mismatches %s", way).isEqualTo(expected.size());
    assertThat(
            database.rows(
                "SELECT key FROM parity_mismatch"
                    + " WHERE migration = 'other' AND repaired_at IS NULL"))
        .as("keys %s", way)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private Run work(Uni<Run> started) {
    return ended(job.work(migration, Engine.await(started), now.workers()).collect().last());
  }

  private Run ended(Uni<BatchResult> work) {
    Engine.await(work);
    return Engine.await(runs.runs(migration, 1)).get(0);
  }

  private Run fillBesideWriters() throws Exception {
    Run.Limits limits = new Run.Limits(now.batchSize(), Duration.ZERO, 1);
    Run run = Engine.await(backfill.start(migration, limits, Engine.TEST));
    CompletableFuture<Void> during = CompletableFuture.runAsync(() -> table.write(now.during()));
    ListIterator<ParityCase.Write> between = now.between().listIterator();
    Run filled;
    try (Connection holder = database.session("holder")) {
      table.writeNext(holder, between);
      filled =
          ended(
              job.work(migration, run, now.workers())
                  .onItem()
                  .call(
                      () ->
                          Uni.createFrom()
                              .voidItem()
                              .emitOn(Infrastructure.getDefaultWorkerPool())
                              .invoke(() -> table.writeNext(holder, between)))
                  .collect()
                  .last());
      holder.commit();
    }
    during.get();
    return filled;
  }
}
