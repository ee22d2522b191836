package io.zerodowntime.migration.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the gate names every object that depends on the old column, and no other. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class NoDependentsGateTest {
  @Inject EngineDatabase database;
  @Inject Engine engine;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    engine.flags(3);
    database.phase(3);
  }

  @Test
  void isOpenForTheTableAsItIs() {
    assertThat(verdict().open()).as(verdict().reason()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          view         | CREATE VIEW legacy_view AS SELECT old_status FROM orders | DROP VIEW legacy_view | legacy_view
          whole row    | CREATE VIEW legacy_all AS SELECT * FROM orders | DROP VIEW legacy_all | legacy_all
          index        | CREATE INDEX legacy_idx ON orders (old_status) | DROP INDEX legacy_idx | legacy_idx
          partial      | CREATE INDEX legacy_part ON orders (id) WHERE old_status = 'PAID' | DROP INDEX legacy_part | legacy_part
          check        | ALTER TABLE orders ADD CONSTRAINT legacy_check CHECK (old_status <> '') | ALTER TABLE orders DROP CONSTRAINT legacy_check | legacy_check
          generated    | ALTER TABLE orders ADD COLUMN legacy_gen text GENERATED ALWAYS AS (lower(old_status)) STORED | ALTER TABLE orders DROP COLUMN legacy_gen | legacy_gen
          statistics   | CREATE STATISTICS legacy_stats ON user_id, old_status FROM orders | DROP STATISTICS legacy_stats | legacy_stats
          plpgsql body | CREATE FUNCTION legacy_body() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(old_status) FROM orders); END' | DROP FUNCTION legacy_body | legacy_body
          sql body     | CREATE FUNCTION legacy_sql() RETURNS bigint LANGUAGE sql AS 'SELECT count(old_status) FROM orders' | DROP FUNCTION legacy_sql | legacy_sql
          parsed body  | CREATE FUNCTION legacy_atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(old_status) FROM orders; END | DROP FUNCTION legacy_atomic | legacy_atomic
          """)
  void namesWhatDependsOnTheColumn(String kind, String create, String drop, String name) {
    database.run(create);
    try {
      assertNamed(name);
    } finally {
      database.run(drop);
    }
    assertThat(verdict().open()).as(kind).isTrue();
  }

  @Test
  void namesTriggersByTheirColumnsAndBodies() {
    database.run(
        "CREATE FUNCTION legacy_trigger_body() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN RETURN NEW; END'");
    database.run(
        "CREATE TRIGGER legacy_trigger BEFORE UPDATE OF old_status ON orders FOR EACH ROW"
            + " EXECUTE FUNCTION legacy_trigger_body()");
    try {
      assertNamed("legacy_trigger");
    } finally {
      database.run("DROP TRIGGER legacy_trigger ON orders");
    }
    database.run(
        "CREATE OR REPLACE FUNCTION legacy_trigger_body() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN NEW.old_status := upper(NEW.status); RETURN NEW; END'");
    try {
      assertNamed("legacy_trigger_body");
    } finally {
      database.run("DROP FUNCTION legacy_trigger_body");
    }
  }

  @Test
  void namesForeignKeysInBothDirections() {
    database.run("CREATE TABLE legacy_status (name varchar(50) PRIMARY KEY)");
    database.run(
        "ALTER TABLE orders ADD CONSTRAINT legacy_fk FOREIGN KEY (old_status)"
            + " REFERENCES legacy_status");
    try {
      assertNamed("legacy_fk");
    } finally {
      database.run("ALTER TABLE orders DROP CONSTRAINT legacy_fk");
      database.run("DROP TABLE legacy_status");
    }
    database.run("ALTER TABLE orders ADD CONSTRAINT legacy_key UNIQUE (old_status)");
    database.run("CREATE TABLE legacy_child (s varchar(50) REFERENCES orders (old_status))");
    try {
      assertNamed("legacy_child");
    } finally {
      database.run("DROP TABLE legacy_child");
      database.run("ALTER TABLE orders DROP CONSTRAINT legacy_key");
    }
  }

  @Test
  void doesNotMindNamesThatOnlyLookAlike() {
    database.run("CREATE TABLE other (old_status text, CONSTRAINT c CHECK (old_status <> ''))");
    database.run(
        "CREATE FUNCTION lookalike() RETURNS int LANGUAGE sql AS 'SELECT 1 AS very_old_status'");
    try {
      assertThat(verdict().open()).as(verdict().reason()).isTrue();
    } finally {
      database.run("DROP TABLE other");
      database.run("DROP FUNCTION lookalike");
    }
  }

  private void assertNamed(String name) {
    Verdict verdict = verdict();
    assertThat(verdict.open()).isFalse();
    assertThat(verdict.reason()).contains(name);
    assertThat(verdict.remedy()).contains("drop or change");
  }

  private Verdict verdict() {
    assertThat(engine.status().phase().nextStep()).isEqualTo("drop");
    return engine.gates().get("no-dependents");
  }
}
