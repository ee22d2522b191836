package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Step;
import io.zerodowntime.migration.Sync;
import io.zerodowntime.migration.UnfencedWriter;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Phase 2 waits until no writer of one side only was seen for the window. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class WritersKnownGateTest {
  private static final String RECORD =
      "SELECT record_unfenced_write('watched', 'UPDATE watched SET old = 1')";

  @Inject EngineDatabase database;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  private static Migration migration(Sync sync) {
    return SyncTriggerGateTest.migration("watched", sync);
  }

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run("CREATE TABLE watched (id bigint PRIMARY KEY, old text, new text)");
    database.run(
        "INSERT INTO migration_state (name, phase, epoch, drained_at)"
            + " VALUES ('watched', 1, 1, now() - interval '1 hour')");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM migration_state WHERE name = 'watched'");
    database.run("DELETE FROM unfenced_writer");
    database.run("DROP TABLE watched");
  }

  private Optional<Verdict> verdict(Sync sync, Step step) {
    Migration migration = migration(sync);
    return Engine.await(
            states
                .state(pool, migration)
                .chain(state -> gates.verdicts(pool, migration, state, step, List.of())))
        .stream()
        .filter(verdict -> verdict.gate().equals("writers-known"))
        .findFirst();
  }

  private Verdict verdict() {
    return verdict(Sync.DETECT, Step.DUAL_WRITE_TO_READ_NEW).orElseThrow();
  }

  @Test
  void aWriterClosesItUntilTheWindowHasPassed() {
    assertThat(verdict()).matches(Verdict::open);
    database.run(RECORD);
    Verdict closed = verdict();
    assertThat(closed.open()).isFalse();
    assertThat(closed.reason()).contains("wrote one side only", "UPDATE watched SET old = ?");
    database.run("UPDATE unfenced_writer SET last_at = now() - interval '9 minutes'");
    assertThat(verdict().open()).isFalse();
    database.run("UPDATE unfenced_writer SET last_at = now() - interval '11 minutes'");
    assertThat(verdict()).matches(Verdict::open);
  }

  @Test
  void aWriterThatHasNotCommittedClosesIt() throws Exception {
    try (Connection writer = database.session("batch")) {
      writer.setAutoCommit(false);
      EngineDatabase.execute(writer, RECORD);
      assertThat(verdict().open()).isFalse();
      assertThat(verdict().reason()).contains("a transaction that is open");
      writer.rollback();
    }
    assertThat(verdict()).matches(Verdict::open);
  }

  @Test
  void theTriggersMustHaveLookedForTheWindow() {
    database.run(
        "UPDATE migration_state SET drained_at = now() - interval '9 minutes'"
            + " WHERE name = 'watched'");
    assertThat(verdict().reason()).contains("less than 600 s");
    database.run("UPDATE migration_state SET drained_at = NULL WHERE name = 'watched'");
    assertThat(verdict().open()).isFalse();
  }

  @Test
  void standsBeforePhase2OnlyAndWithDetectOnly() {
    assertThat(verdict(Sync.COPY, Step.DUAL_WRITE_TO_READ_NEW)).isEmpty();
    assertThat(verdict(Sync.OFF, Step.DUAL_WRITE_TO_READ_NEW)).isEmpty();
    assertThat(verdict(Sync.DETECT, Step.READ_NEW_TO_CONTRACT)).isEmpty();
  }

  @Test
  void theEvidenceNamesTheWriters() {
    database.run(RECORD);
    Migration migration = migration(Sync.DETECT);
    List<UnfencedWriter> seen =
        Engine.await(
                states
                    .state(pool, migration)
                    .chain(state -> gates.evidence(pool, migration, state)))
            .unfenced();
    assertThat(seen)
        .singleElement()
        .satisfies(
            writer -> {
              assertThat(writer.statement()).isEqualTo("UPDATE watched SET old = ?");
              assertThat(writer.role()).isNotEmpty();
              assertThat(writer.firstAt()).isBeforeOrEqualTo(writer.lastAt());
            });
  }
}
