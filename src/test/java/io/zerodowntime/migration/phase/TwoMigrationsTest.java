package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Multi;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.backfill.BackfillJob;
import io.zerodowntime.migration.backfill.ParityScan;
import io.zerodowntime.migration.backfill.Run;
import io.zerodowntime.migration.phase.InvoiceStore.Invoice;
import io.zerodowntime.migration.schema.OldColumnDrop;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.migration.status.MigrationStatus.PhaseStatus;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.TwoMigrations;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Proves that two migrations of one table go all the way at the same time, and no write is lost.
 */
@QuarkusTest
@TestProfile(TwoMigrations.class)
class TwoMigrationsTest {
  private static final int LEGACY = 3000;
  private static final int SOME = 20;

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Migrations migrations;
  @Inject PhaseFence fence;
  @Inject BackfillJob job;
  @Inject ParityScan parity;
  @Inject OldColumnDrop drop;

  @Inject
  @Identifier(DatabasePools.ROWS)
  Pool pool;

  private Engine status;
  private Engine amount;
  private InvoiceLoad load;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    TwoMigrations.reset(database);
    status = engine.on("invoice-status");
    amount = engine.on("invoice-amount");
    status.flags(0);
    amount.flags(0);
    Map<Long, Invoice> legacy = new HashMap<>();
    for (long id = 1; id <= LEGACY; id++) {
      legacy.put(id, new Invoice("legacy", id * 7));
    }
    database.run(
        "INSERT INTO invoice (id, old_status, amount)"
            + " SELECT n, 'Legacy', n * 0.07 FROM generate_series(1, %d) AS n".formatted(LEGACY));
    load = new InvoiceLoad(new InvoiceStore(migrations, fence, pool), legacy);
  }

  @Test
  void moveOneTableAtTheSameTimeUnderLoad() throws Exception {
    try (InvoiceLoad running = load) {
      running.start();
      step(status, 1);
      step(amount, 1);
      backfillBoth();
      compareBoth();
      step(status, 2);
      step(amount, 2);
      status.apply(SchemaStage.ENFORCE);
      amount.apply(SchemaStage.ENFORCE);
      compareBoth();
      step(status, 3);
      goBackAndForward();
      Engine.await(drop.contract(status.migration(), Engine.TEST));
      step(amount, 3);
      Engine.await(drop.contract(amount.migration(), Engine.TEST));
      running.awaitWrites(SOME);
    }
    assertThat(load.complaints()).isEmpty();
    assertLedger();
  }

  /** A backfill of one migration in reverse runs beside a comparison of the other. */
  private void goBackAndForward() {
    step(status, 2);
    await()
        .until(
            () -> {
              together(
                  status.startBackfill(),
                  Engine.await(parity.start(amount.migration(), Engine.TEST)));
              assertThat(status.compare().mismatched()).isZero();
              return !status.status().phase().oldStale();
            });
    step(status, 3);
  }

  /**
   * Again, where a run is not proven: it is so short that the statistics do not show yet what the
   * writers inserted meanwhile.
   */
  private void backfillBoth() {
    await()
        .until(
            () -> {
              together(status.startBackfill(), amount.startBackfill());
              return Stream.of(status, amount)
                  .allMatch(each -> each.gates().get("backfill-complete").open());
            });
  }

  private void step(Engine migration, int phase) {
    migration.flags(phase);
    await()
        .untilAsserted(
            () -> {
              migration.beat();
              PhaseStatus now = migration.status().phase();
              assertThat(now.effective().phase()).as("%s", now.gates()).isEqualTo(phase);
              assertThat(now.drained()).as("%s", now.gracePeriod()).isTrue();
            });
    load.awaitWrites(SOME);
  }

  private void compareBoth() {
    together(
        Engine.await(parity.start(status.migration(), Engine.TEST)),
        Engine.await(parity.start(amount.migration(), Engine.TEST)));
    for (Engine each : List.of(status, amount)) {
      assertThat(each.lastRun().mismatched()).as(each.lastRun().migration()).isZero();
    }
  }

  private void together(Run ofStatus, Run ofAmount) {
    Engine.await(
        Multi.createBy()
            .merging()
            .streams(
                job.work(status.migration(), ofStatus, 2),
                job.work(amount.migration(), ofAmount, 2))
            .collect()
            .last());
    assertThat(status.find(ofStatus.id()).state()).isEqualTo(RunState.COMPLETE);
    assertThat(amount.find(ofAmount.id()).state()).isEqualTo(RunState.COMPLETE);
  }

  private void assertLedger() {
    assertThat(
            database.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'invoice'::regclass"
                    + " AND attnum > 0 AND NOT attisdropped"))
        .containsExactlyInAnyOrder("id", "status", "amount_cents");
    List<String> expected =
        load.ledger().entrySet().stream()
            .map(
                each ->
                    "%d %s %d"
                        .formatted(
                            each.getKey(), each.getValue().status(), each.getValue().cents()))
            .toList();
    assertThat(database.rows("SELECT concat_ws(' ', id, status, amount_cents) FROM invoice"))
        .hasSizeGreaterThan(LEGACY)
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(
            database.rows(
                "SELECT migration FROM migration_history WHERE kind = 'contract' ORDER BY id"))
        .containsExactly("invoice-status", "invoice-amount");
  }
}
