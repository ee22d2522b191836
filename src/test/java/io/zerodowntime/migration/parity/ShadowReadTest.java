package io.zerodowntime.migration.parity;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.schema.SchemaStage;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What live reads find in phase 2, and how it comes to the fleet's counts. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ShadowReadTest {
  private static final String COUNTS =
      "SELECT concat_ws(' ', epoch, sum(matches), sum(mismatches), sum(errors))"
          + " FROM parity_shadow_instance GROUP BY epoch ORDER BY epoch";
  private static final String UNREPAIRED =
      "SELECT key FROM parity_mismatch WHERE repaired_at IS NULL";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject ShadowReadRecorder shadow;

  @BeforeEach
  void walkToPhase2() throws Exception {
    engine.flush();
    database.reset();
    engine.ask(0);
    database.orders(200);
    engine.walkTo(2);
    engine.apply(SchemaStage.ENFORCE);
    engine.compare();
    // the first read after a step may be sent as the phase before wants it
    Api.find(1);
    engine.flush();
    database.run("TRUNCATE parity_shadow_instance");
  }

  private void spoil(int id) {
    database.run("UPDATE orders SET old_status = 'OUTSIDER' WHERE id = " + id);
  }

  @Test
  void countsAMismatchThatWasSeenJustBeforeTheStep() {
    spoil(5);
    Api.find(4);
    Api.find(5);
    assertThat(engine.ask(3)).isEqualTo(3);
    engine.beat();
    engine.flush();

    assertThat(database.rows(COUNTS)).containsExactly("2 1 1 0");
    assertThat(database.rows(UNREPAIRED)).containsExactly("5");
    assertThat(Api.status().jsonPath().getList("mismatchedKeys.source"))
        .isEqualTo(List.of("shadow"));
    assertThat(Api.command("/contract").jsonPath().getList("gates.gate"))
        .isEqualTo(List.of("shadow-clean", "keys-repaired"));
  }

  @Test
  void doesNotCountWhatWasSeenWhileTheOldColumnWasStale() {
    engine.ask(3);
    assertThat(Api.change(7, "phase_three").statusCode()).isEqualTo(200);
    engine.beat();
    engine.ask(2);
    engine.beat();
    Api.find(1);
    Api.find(7);
    engine.backfill();
    engine.compare();
    assertThat(engine.status().phase().oldStale()).isFalse();
    engine.flush();
    assertThat(database.rows(COUNTS)).isEmpty();
    assertThat(database.rows(UNREPAIRED)).isEmpty();

    Api.find(7);
    engine.flush();
    assertThat(database.rows(COUNTS)).containsExactly("4 1 0 0");
  }

  @Test
  void forgetsWhatNoGateAsksForAnyMore() {
    database.shadowReads(1, 3, 0);
    database.shadowReads(2, 4, 0);
    Api.find(1);
    database.phase(2);
    database.phase(2);
    engine.flush();
    assertThat(database.rows(COUNTS)).as("two epochs ago").containsExactly("0 4 0 0", "1 3 0 0");

    database.phase(1);
    database.shadowReads(1, 5, 0);
    Engine.await(shadow.purge());
    assertThat(database.rows(COUNTS)).containsExactly("4 5 0 0");
  }

  /** Pods come and go within one epoch: what is read each second must not grow with them. */
  @Test
  void forgetsInstancesThatCountedMatchesBeforeTheSoakTimeOnly() {
    database.run(
        "INSERT INTO parity_shadow_instance (migration, epoch, instance, matches, mismatches,"
            + " errors, matched_at, mismatched_at, failed_at) SELECT s.name, s.epoch, o.* FROM"
            + " migration_state s, (VALUES ('long ago', 1, 0, 0, now() - interval '2 hours',"
            + " NULL::timestamptz, NULL::timestamptz), ('of late', 2, 0, 0, now(), NULL, NULL),"
            + " ('saw one', 4, 1, 0, now() - interval '2 hours', now() - interval '2 hours', NULL),"
            + " ('failed', 8, 0, 1, now() - interval '2 hours', NULL, now() - interval '2 hours'))"
            + " AS o");
    Engine.await(shadow.purge());
    assertThat(database.rows("SELECT instance FROM parity_shadow_instance ORDER BY matches"))
        .containsExactly("of late", "saw one", "failed");

    database.phase(2);
    Engine.await(shadow.purge());
    assertThat(database.number("SELECT count(*) FROM parity_shadow_instance"))
        .as("of the epoch before: judged by its end")
        .isEqualTo(3);
  }

  @Test
  void countsAComparisonThatFailsAndAnswersTheClient() {
    double errors = errors();
    database.run(
        "CREATE FUNCTION lower(varchar) RETURNS text IMMUTABLE LANGUAGE plpgsql AS"
            + " $$BEGIN RETURN pg_catalog.lower(10 / (length($1) - 7) || $1); END$$");
    try {
      // so that statements that are prepared find the function
      database.run("ALTER TABLE orders SET (fillfactor = 90)");
      assertThat(Api.find(3).jsonPath().getString("status")).isEqualTo("pending");
      engine.flush();
    } finally {
      database.run("DROP FUNCTION lower(varchar)");
      database.run("ALTER TABLE orders RESET (fillfactor)");
    }
    assertThat(database.rows(COUNTS)).containsExactly("2 0 0 1");
    assertThat(errors()).isEqualTo(errors + 1);
    Verdict gate = engine.gates().get("shadow-clean");
    assertThat(gate.open()).isFalse();
    assertThat(gate.reason()).isEqualTo("0 reads agreed, 0 did not, 1 failed");
  }

  private static double errors() {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("shadow_reads_total{migration=\"orders-status\""))
        .filter(line -> line.contains("result=\"error\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @Test
  void waitsForNoOtherInstance() throws Exception {
    database.shadowReads(0, 7, 0);
    Api.find(1);
    try (Connection other = database.session("other")) {
      execute(other, "UPDATE parity_shadow_instance SET matches = matches + 1");
      engine.flush();
      assertThat(database.rows(COUNTS)).containsExactly("2 8 0 0");
      other.commit();
    }
    assertThat(database.rows(COUNTS)).containsExactly("2 9 0 0");
    assertThat(database.number("SELECT count(*) FROM parity_shadow_instance")).isEqualTo(2);
    assertThat(engine.status().shadow().matches()).isEqualTo(9);
  }

  @Test
  void addsWhatAFormerVersionCountsByTheMinute() {
    database.run(
        "INSERT INTO parity_shadow (migration, epoch, minute, matches, mismatches, errors)"
            + " SELECT name, epoch, date_trunc('minute', now()), 3, 2, 1 FROM migration_state");
    database.shadowReads(0, 4, 1);
    assertThat(engine.gates().get("shadow-clean").reason())
        .isEqualTo("7 reads agreed, 3 did not, 1 failed");
  }

  /** Each commit writes down the setting under which it commits. */
  @Test
  void waitsForTheDiskOnlyWithWhatSpeaksAgainstTheStep() {
    database.run(
        """
        CREATE TABLE commits (what text, setting text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO commits VALUES (TG_TABLE_NAME, current_setting('synchronous_commit'));
          RETURN NULL;
        END$$;
        CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON migration_instance
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
        CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON parity_shadow_instance
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
        """);
    try {
      engine.beat();
      Api.find(1);
      engine.flush();
      spoil(5);
      Api.find(5);
      engine.flush();
      assertThat(database.rows("SELECT what || ' ' || setting FROM commits"))
          .containsExactly(
              "migration_instance off", "parity_shadow_instance off", "parity_shadow_instance on");
    } finally {
      database.run(
          "DROP TRIGGER note ON migration_instance; DROP TRIGGER note ON parity_shadow_instance;"
              + " DROP FUNCTION note(); DROP TABLE commits");
    }
  }
}
