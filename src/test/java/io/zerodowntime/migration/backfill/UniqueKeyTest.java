package io.zerodowntime.migration.backfill;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run reaches every row only if the key gives each of them one place. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class UniqueKeyTest {
  private static final Migration MIGRATION =
      OneToOne.migration(
          "other", "keyed", List.of("code"), "old_kind", "kind", "lower(old_kind)", "upper(kind)");

  private static final Run.Limits TEN = new Run.Limits(10, Duration.ZERO, 1);

  /** Sessions report late, at their end at the latest. */
  private static final String INSERTS =
      "SELECT COALESCE(pg_stat_get_tuples_inserted(to_regclass('keyed')), 0)";

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject ParityScan parity;
  @Inject GateEvaluator gates;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM backfill_run WHERE migration = 'other'");
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE IF EXISTS keyed");
    database.run("DROP ROLE IF EXISTS limited");
  }

  private void table(String key, String index) {
    database.run(
        "CREATE TABLE keyed (code bigint %s, other bigint, old_kind text, kind text)"
            .formatted(key));
    database.run(
        "INSERT INTO keyed (code, other, old_kind)"
            + " SELECT n, n, 'Kind' FROM generate_series(1, 1000) AS n");
    if (index != null) {
      database.run(index);
    }
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "NULL, CREATE UNIQUE INDEX ON keyed (code), accepts NULL",
        "NOT NULL, none, no valid",
        "NOT NULL, CREATE INDEX ON keyed (code), no valid",
        "NOT NULL, 'CREATE UNIQUE INDEX ON keyed (code, other)', no valid",
        "NOT NULL, 'CREATE UNIQUE INDEX ON keyed (other, code)', no valid",
        "NOT NULL, CREATE UNIQUE INDEX ON keyed (code) WHERE other > 0, no valid",
        "NOT NULL, CREATE UNIQUE INDEX ON keyed ((code + 0)), no valid",
        "NOT NULL UNIQUE DEFERRABLE, none, no valid"
      })
  void refusesEveryRunWithoutIt(String key, String index, String reason) {
    table(key, index);

    Verdict verdict = Engine.await(gates.key(pool, MIGRATION, MIGRATION.key()));
    assertThat(verdict.open()).isFalse();
    assertThat(verdict.reason()).contains(reason);
    assertThat(verdict.remedy()).isNotBlank();
    assertThatThrownBy(() -> Engine.await(backfill.start(MIGRATION, TEN, Engine.TEST)))
        .isInstanceOf(Refused.class)
        .hasMessageContaining(reason);
    assertThatThrownBy(() -> Engine.await(parity.start(MIGRATION, Engine.TEST)))
        .isInstanceOf(Refused.class);
    assertThatThrownBy(
            () -> Engine.await(backfill.startRepair(MIGRATION, List.of("1"), Engine.TEST)))
        .isInstanceOf(Refused.class);
    assertThat(database.number("SELECT count(*) FROM backfill_run")).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "PRIMARY KEY, none",
        "NOT NULL UNIQUE, none",
        "NOT NULL, CREATE UNIQUE INDEX ON keyed (code DESC) INCLUDE (other)"
      })
  void isContentWithAPlainUniqueKey(String key, String index) {
    table(key, index);
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).open()).isTrue();
  }

  @Test
  void refusesAnIndexOfAnotherCollation() {
    database.run(
        "CREATE TABLE keyed (code text COLLATE \"C\" NOT NULL, old_kind text, kind text);"
            + " CREATE UNIQUE INDEX ON keyed (code COLLATE \"POSIX\")");
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).reason())
        .contains("its collation");
  }

  @Test
  void refusesAnIndexThatFailedToBuild() {
    table("NOT NULL", "CREATE UNIQUE INDEX keyed_code ON keyed (code)");
    database.run(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'keyed_code'::regclass");
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).reason())
        .contains("no valid");
  }

  /** As seen by a role that is neither the owner nor exempt. */
  @Test
  void refusesRowsThatRowLevelSecurityHides() {
    table("PRIMARY KEY", "ALTER TABLE keyed ENABLE ROW LEVEL SECURITY");
    database.run("CREATE ROLE limited");
    assertThat(as("limited").reason()).contains("row-level security");
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).open())
        .as("exempt")
        .isTrue();
    database.run("ALTER ROLE limited BYPASSRLS");
    assertThat(as("limited").open()).isTrue();
  }

  private Verdict as(String role) {
    return Engine.await(
        pool.withConnection(
            session ->
                session
                    .query("SET ROLE " + role)
                    .execute()
                    .chain(() -> gates.key(session, MIGRATION, MIGRATION.key()))
                    .eventually(() -> session.query("RESET ROLE").execute())));
  }

  @Test
  void saysThatTheTableOrTheColumnIsMissing() {
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).reason())
        .contains("does not exist");
    database.run("CREATE TABLE keyed (id bigint)");
    assertThat(Engine.await(gates.key(pool, MIGRATION, MIGRATION.key())).reason())
        .contains("keyed.code");
  }

  /** The declaration changes under the run: 500 rows get one key, and most are passed over. */
  @Test
  void countsTheTableAtTheEnd() {
    table("PRIMARY KEY", null);
    await().until(() -> database.number(INSERTS) == 1000);
    Run run = Engine.await(backfill.start(MIGRATION, TEN, Engine.TEST));
    database.run("ALTER TABLE keyed DROP CONSTRAINT keyed_pkey");
    database.run("UPDATE keyed SET code = 1 WHERE code <= 500");

    Engine.await(job.work(MIGRATION, run, 2).collect().last());

    Run ended = Engine.await(runs.runs(MIGRATION, 1)).get(0);
    assertThat(ended.state()).isEqualTo(RunState.COMPLETE);
    assertThat(ended.scanned()).isLessThan(600);
    assertThat(database.one("SELECT table_rows || ' ' || inserted FROM backfill_run"))
        .isEqualTo("1000 0");
    assertThat(
            Engine.await(
                    gates.evidence(pool, MIGRATION, Engine.await(states.state(pool, MIGRATION))))
                .forward())
        .hasValueSatisfying(
            evidence -> {
              assertThat(evidence.complete()).isFalse();
              assertThat(evidence.summary()).contains("rows were not seen");
            });
  }
}
