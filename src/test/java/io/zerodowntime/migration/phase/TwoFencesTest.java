package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.Phases;
import io.zerodowntime.migration.phase.InvoiceStore.Invoice;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.TwoMigrations;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Proves that a statement which two migrations fence writes by both phases in force or not at all.
 */
@Tag("protocol")
@QuarkusTest
@TestProfile(TwoMigrations.class)
class TwoFencesTest {
  private static final Invoice FIRST = new Invoice("sent", 1999);
  private static final Invoice SECOND = new Invoice("paid", 2050);

  /** Waits inside its own snapshot, before it has a transaction id. */
  private static final String SLOW =
      """
      WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(77))
      INSERT INTO invoice (id, old_status, amount)
      SELECT 1, 'SLOW', 1.23 FROM held, migration_state AS s, migration_state AS a
      WHERE s.name = 'invoice-status' AND s.phase = 0 AND a.name = 'invoice-amount' AND a.phase = 0
      """;

  private static final String PAUSED = SLOW.replace("pg_advisory_xact_lock_shared(77)", "1");

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject Migrations migrations;
  @Inject PhaseFence fence;

  @Inject
  @Identifier(DatabasePools.ROWS)
  Pool pool;

  private Engine status;
  private Engine amount;
  private InvoiceStore invoices;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    TwoMigrations.reset(database);
    status = engine.on("invoice-status");
    amount = engine.on("invoice-amount");
    status.flags(0);
    amount.flags(0);
    invoices = new InvoiceStore(migrations, fence, pool);
  }

  private void phases(Phase ofStatus, Phase ofAmount) {
    Map.of("invoice-status", ofStatus, "invoice-amount", ofAmount)
        .forEach(
            (name, phase) ->
                database.run(
                    "UPDATE migration_state SET phase = %d, epoch = epoch + 1 WHERE name = '%s'"
                        .formatted(phase.number(), name)));
  }

  private static Stream<Arguments> pairs() {
    return Stream.of(Phase.values())
        .flatMap(s -> Stream.of(Phase.values()).map(a -> arguments(s, a)));
  }

  /** The fence has seen another pair before. */
  @ParameterizedTest
  @MethodSource("pairs")
  void hasAVariantForEachPairOfPhases(Phase ofStatus, Phase ofAmount) {
    phases(ofStatus, ofAmount);
    assertThat(Engine.await(invoices.create(1, FIRST))).isTrue();
    assertShown(FIRST);
    assertWritten(ofStatus, "SENT", "sent", ofAmount, "19.99", "1999");

    assertThat(Engine.await(invoices.change(1, SECOND))).isTrue();
    assertShown(SECOND);
    assertWritten(ofStatus, "PAID", "paid", ofAmount, "20.50", "2050");

    assertThat(Engine.await(invoices.changeStatus(1, "late"))).isTrue();
    assertShown(new Invoice("late", 2050));
    assertWritten(ofStatus, "LATE", "late", ofAmount, "20.50", "2050");

    assertThat(Engine.await(invoices.change(2, SECOND))).as("no such invoice").isFalse();
  }

  private void assertShown(Invoice expected) {
    assertThat(Engine.await(invoices.find(1))).isEqualTo(Optional.of(expected));
  }

  private void assertWritten(
      Phase ofStatus, String oldStatus, String newStatus, Phase ofAmount, String old, String now) {
    assertThat(
            database.one(
                "SELECT concat_ws('|', coalesce(old_status, '-'), coalesce(status, '-'),"
                    + " coalesce(amount::text, '-'), coalesce(amount_cents::text, '-'))"
                    + " FROM invoice WHERE id = 1"))
        .isEqualTo(
            String.join(
                "|",
                ofStatus.writesOld() ? oldStatus : "-",
                ofStatus.writesNew() ? newStatus : "-",
                ofAmount.writesOld() ? old : "-",
                ofAmount.writesNew() ? now : "-"));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void writesNothingWhereOneOfThePhasesIsAnotherOne(Phase ofStatus, Phase ofAmount) {
    phases(ofStatus, ofAmount);
    Engine.await(invoices.create(1, FIRST));
    Phases inForce = invoices.phases(ofStatus, ofAmount);
    pairs()
        .map(pair -> invoices.phases((Phase) pair.get()[0], (Phase) pair.get()[1]))
        .filter(sent -> !sent.equals(inForce))
        .forEach(
            sent -> {
              assertThat(Engine.await(invoices.insertOnce(sent, 2, SECOND)))
                  .as("%s", sent)
                  .isFalse();
              assertThat(Engine.await(invoices.updateOnce(sent, 1, SECOND)))
                  .as("%s", sent)
                  .isFalse();
            });
    assertShown(FIRST);
    assertThat(database.number("SELECT count(*) FROM invoice")).isOne();
  }

  /** It was sent before both steps; its lock, and so its snapshot, comes after them. */
  @Test
  void aPausedWriterWithAnOldPairOfPhasesWritesNothing() throws Exception {
    for (List<Phase> steps :
        List.of(
            List.of(Phase.DUAL_WRITE, Phase.EXPAND),
            List.of(Phase.EXPAND, Phase.DUAL_WRITE),
            List.of(Phase.DUAL_WRITE, Phase.DUAL_WRITE))) {
      phases(Phase.EXPAND, Phase.EXPAND);
      try (Connection holder = database.session("holder");
          Connection writer = database.session("paused-writer")) {
        execute(holder, "LOCK TABLE invoice IN ACCESS EXCLUSIVE MODE");
        CompletableFuture<Void> paused = start(writer, PAUSED);
        awaitWaiting("paused-writer", "relation");
        phases(steps.get(0), steps.get(1));
        holder.rollback();
        paused.get();
        writer.commit();
      }
      assertThat(database.number("SELECT count(*) FROM invoice")).as("after %s", steps).isZero();
    }
  }

  /** Each migration waits for it on its own, whichever steps first. */
  @Test
  void aSlowWriterIsWaitedForByTheGracePeriodOfEach() throws Exception {
    try (Connection gate = database.session("gate");
        Connection writer = database.session("slow-writer")) {
      execute(gate, "SELECT pg_advisory_xact_lock(77)");
      CompletableFuture<Void> write = start(writer, SLOW);
      awaitWaiting("slow-writer", "advisory");

      assertThat(status.ask(1)).isEqualTo(1);
      assertHeld(status);
      assertThat(amount.status().phase().drained()).as("it took no step yet").isTrue();
      assertThat(amount.ask(1)).isEqualTo(1);
      assertHeld(amount);

      gate.rollback();
      write.get();
      status.beat();
      assertHeld(status);
      assertHeld(amount);
      writer.commit();
    }
    status.beat();
    amount.beat();
    assertThat(status.status().phase().drained()).isTrue();
    assertThat(amount.status().phase().drained()).isTrue();
    assertThat(status.backfill().changed()).isOne();
    assertThat(amount.backfill().changed()).isOne();
    assertWritten(Phase.DUAL_WRITE, "SLOW", "slow", Phase.DUAL_WRITE, "1.23", "123");
  }

  private static CompletableFuture<Void> start(Connection session, String sql) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            execute(session, sql);
          } catch (SQLException failed) {
            throw new IllegalStateException(failed);
          }
        });
  }

  private void awaitWaiting(String applicationName, String event) {
    await()
        .until(
            () ->
                database.number(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = '%s'"
                                .formatted(event)
                            + " AND application_name = '%s'".formatted(applicationName))
                    == 1);
  }

  private static void assertHeld(Engine migration) {
    migration.beat();
    assertThat(migration.status().phase().drained()).isFalse();
    assertThat(migration.status().phase().gracePeriod())
        .singleElement()
        .satisfies(holder -> assertThat(holder.applicationName()).contains("slow-writer"));
  }
}
