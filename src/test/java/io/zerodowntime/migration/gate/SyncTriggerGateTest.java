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
import io.zerodowntime.migration.Sync;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No step forward relies on triggers that are missing or disabled, and they hold up no drop. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SyncTriggerGateTest {
  private static final List<Step> FORWARD =
      List.of(Step.EXPAND_TO_DUAL_WRITE, Step.DUAL_WRITE_TO_READ_NEW, Step.READ_NEW_TO_CONTRACT);

  @Inject EngineDatabase database;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  private static Migration migration(Sync sync) {
    return migration("synced", sync);
  }

  /** One of a table that has its name, from the column {@code old} to {@code new}. */
  static Migration migration(String name, Sync sync) {
    return new Migration(
        name,
        name,
        List.of("id"),
        List.of(ComputedColumn.of("old", "upper(new)")),
        List.of(ComputedColumn.of("new", "lower(old)")),
        List.of(),
        List.of(),
        new Migration.Options(Optional.empty(), Optional.empty(), Optional.empty(), false, sync));
  }

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run("CREATE TABLE synced (id bigint PRIMARY KEY, old text, new text)");
    database.run("INSERT INTO migration_state (name) VALUES ('synced')");
    database.run(
        "CREATE FUNCTION zd_sync_synced() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN NEW.old := NEW.old; RETURN NEW; END'");
    database.run(
        "CREATE TRIGGER i BEFORE INSERT ON synced FOR EACH ROW EXECUTE FUNCTION zd_sync_synced()");
    database.run(
        "CREATE TRIGGER u BEFORE UPDATE ON synced FOR EACH ROW"
            + " WHEN (OLD.old IS DISTINCT FROM NEW.old) EXECUTE FUNCTION zd_sync_synced()");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM pg_subscription_rel WHERE srrelid = 'synced'::regclass");
    database.run("DELETE FROM migration_state WHERE name = 'synced'");
    database.run("DROP TABLE synced; DROP FUNCTION zd_sync_synced");
  }

  private List<Verdict> ask(Sync sync, Step step) {
    Migration migration = migration(sync);
    return Engine.await(
        states
            .state(pool, migration)
            .chain(state -> gates.verdicts(pool, migration, state, step, List.of())));
  }

  private Optional<Verdict> trigger(Sync sync, Step step) {
    return ask(sync, step).stream().filter(v -> v.gate().equals("sync-trigger")).findFirst();
  }

  @Test
  void closesWhereATriggerIsDisabledOrMissing() {
    for (Step step : FORWARD) {
      assertThat(trigger(Sync.COPY, step)).get().matches(Verdict::open);
      assertThat(trigger(Sync.OFF, step)).isEmpty();
    }
    for (String fault :
        List.of("ALTER TABLE synced DISABLE TRIGGER u", "DROP TRIGGER i ON synced")) {
      database.run(fault);
      for (Step step : FORWARD) {
        assertThat(trigger(Sync.COPY, step))
            .get()
            .satisfies(
                verdict -> {
                  assertThat(verdict.open()).isFalse();
                  assertThat(verdict.reason()).contains("zd_sync_synced", "missing or disabled");
                });
      }
      database.run("ALTER TABLE synced ENABLE TRIGGER u");
    }
    assertThat(trigger(Sync.COPY, Step.DUAL_WRITE_TO_EXPAND)).isEmpty();
  }

  /** What a subscription applies passes over a trigger that is not enabled ALWAYS. */
  @Test
  void closesWhereASubscriptionPassesOverThem() {
    database.run(
        "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)"
            + " VALUES (1, 'synced'::regclass, 'r')");
    for (Sync sync : List.of(Sync.COPY, Sync.DETECT)) {
      for (String each : List.of("i", "u")) {
        assertThat(trigger(sync, Step.EXPAND_TO_DUAL_WRITE))
            .get()
            .matches(verdict -> !verdict.open())
            .extracting(Verdict::reason)
            .isEqualTo("a subscription writes synced, and passes over the triggers zd_sync_synced");
        database.run("ALTER TABLE synced ENABLE ALWAYS TRIGGER " + each);
      }
      assertThat(trigger(sync, Step.EXPAND_TO_DUAL_WRITE)).get().matches(Verdict::open);
      database.run("ALTER TABLE synced ENABLE TRIGGER i, ENABLE TRIGGER u");
    }
  }

  @Test
  void theTriggersAreNoDependents() {
    assertThat(dependents()).matches(Verdict::open);
    database.run(
        "CREATE FUNCTION zd_sync_other() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN NEW.old := lower(NEW.old); RETURN NEW; END'");
    assertThat(dependents()).as("of another table").matches(Verdict::open);
    database.run("DROP FUNCTION zd_sync_other");
    database.run("CREATE VIEW seen AS SELECT old FROM synced");
    assertThat(dependents().reason()).contains("view seen");
    database.run("DROP VIEW seen");
  }

  private Verdict dependents() {
    Migration migration = migration(Sync.COPY);
    return Engine.await(
            states
                .state(pool, migration)
                .chain(state -> gates.dropVerdicts(pool, migration, state, List.of())))
        .stream()
        .filter(verdict -> verdict.gate().equals("no-dependents"))
        .findFirst()
        .orElseThrow();
  }
}
