package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.util.List;
import liquibase.Contexts;
import liquibase.LabelExpression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The changesets alone, as Liquibase's command line runs them. */
@OnSchemaServer
class ChangelogTest {
  private static final String INDEX = "orders-status and index";
  private static final String ENFORCE = "orders-status and enforce";
  private static final String RELAX = "orders-status and relax";
  private static final String CONTRACT = "orders-status and contract";

  @Test
  void initialIsRolledBackChangesetByChangeset() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    roundTrip(database, "initial", 13);
    assertThat(database.catalog()).isNotEmpty();
  }

  @Test
  void expandIsRolledBackWithWhatHangsOnIt() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    database.ordersTables();
    List<String> before = database.catalog();
    update(database, "orders-status and expand");
    List<String> after = database.catalog();
    database.run(
        "INSERT INTO migration_history"
            + " (migration, kind, epoch, from_phase, to_phase, instance, reason, evidence)"
            + " VALUES ('orders-status', 'step', 1, 1, 0, 'i', 'r', '{}')");
    rollback(database, 1);
    assertThat(database.catalog()).isEqualTo(before);
    assertThat(database.list("SELECT name FROM migration_state")).isEmpty();
    update(database, "orders-status and expand");
    assertThat(database.catalog()).isEqualTo(after);
    assertThat(database.one("SELECT name FROM migration_state")).isEqualTo("orders-status");
  }

  @Test
  void expandIsNotRolledBackWhileTheColumnIsInUse() {
    isNotRolledBack(SchemaTestDatabase.expanded(1, true), "back to phase 0 first");
  }

  @Test
  void expandIsNotRolledBackUnderLiveInstances() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(0, true);
    database.heartbeat();
    isNotRolledBack(database, "instances are live");
    database.run("UPDATE migration_instance SET heartbeat_at = now() - interval '61 s'");
    rollback(database, 1);
    assertThat(database.list("SELECT name FROM migration_state")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void noRollbackComesBetweenTheGatesAndTheirStep(int phase) throws Exception {
    SchemaTestDatabase database =
        phase == 3 ? contracted() : SchemaTestDatabase.expanded(phase, true);
    if (phase == 1 || phase == 2) {
      update(database, phase == 1 ? INDEX : ENFORCE);
    }
    try (Connection reconciler = database.as("zerodowntime").getConnection()) {
      reconciler.setAutoCommit(false);
      reconciler
          .createStatement()
          .execute(
              "SELECT pg_advisory_xact_lock(hashtextextended('zerodowntime/orders-status', 0))");
      isNotRolledBack(database, "lock timeout");
      reconciler.rollback();
    }
  }

  @Test
  void theEnginesTablesAreNotRolledBackUnderARegisteredMigration() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    update(database, "initial");
    for (int left = 13; left > 0; left--) {
      database.run("INSERT INTO migration_state (name) VALUES ('other')");
      if (!database.list("SELECT to_regclass('migration_instance')").contains(null)) {
        database.heartbeat();
      }
      isNotRolledBack(database, "a fleet may be live");
      database.run("TRUNCATE migration_state CASCADE");
      rollback(database, 1);
    }
    assertThat(database.list("SELECT to_regclass('migration_state')")).containsOnlyNulls();
  }

  @Test
  void tablesWithRowsAreNotRolledBack() throws Exception {
    SchemaTestDatabase database = new SchemaTestDatabase();
    database.ordersTables();
    database.run("INSERT INTO idempotency_key VALUES ('k', '', 201, '')");
    isNotRolledBack(database, "idempotency_key has rows");
    database.run("TRUNCATE idempotency_key");
    rollback(database, 1);
    database.run("INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'NEW')");
    isNotRolledBack(database, "orders has rows");
    database.run("TRUNCATE orders");
    rollback(database, 1);
    assertThat(database.list("SELECT to_regclass('orders')")).containsOnlyNulls();
  }

  @Test
  void theIndexIsRolledBack() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(1, true);
    database.heartbeat();
    roundTrip(database, INDEX, 1);
    database.phase(2, true);
    isNotRolledBack(database, "go back to phase 1 first");
  }

  @Test
  void theIndexIsBuiltAgainWhenItIsGone() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(1, true);
    update(database, INDEX);
    database.run("DROP INDEX orders_status_idx");
    update(database, INDEX);
    assertThat(database.catalog()).anyMatch(line -> line.contains("orders_status_idx"));
    String built = database.one("SELECT 'orders_status_idx'::regclass::oid");
    update(database, INDEX);
    assertThat(database.one("SELECT 'orders_status_idx'::regclass::oid")).isEqualTo(built);
  }

  @Test
  void enforceIsRolledBackChangesetByChangeset() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    database.heartbeat();
    roundTrip(database, ENFORCE, 5);
    assertThat(nullable(database)).containsExactly("old_status");
    assertThat(database.catalog()).noneMatch(line -> line.contains("CHECK ((status"));
  }

  @Test
  void theOldColumnIsNotMadeNotNullAgainInPhase3() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    update(database, ENFORCE);
    database.phase(3, true);
    isNotRolledBack(database, "back to phase 2 first");
  }

  @Test
  void enforceAndRelaxRunAsOftenAsTheFleetGoesForwardAndBack() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    for (int turn = 0; turn < 3; turn++) {
      update(database, ENFORCE);
      assertThat(nullable(database)).containsExactly("old_status");
      database.phase(1, true);
      update(database, RELAX);
      assertThat(nullable(database)).containsExactly("old_status", "status");
      database.phase(2, true);
    }
    rollback(database, 1);
    assertThat(nullable(database)).containsExactly("old_status", "status");
  }

  @ParameterizedTest
  @CsvSource({"0, true", "1, true", "2, false"})
  void enforceIsPassedOverBeforePhase2IsDrained(int phase, boolean drained) throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(phase, drained);
    List<String> before = database.catalog();
    update(database, ENFORCE);
    assertThat(database.catalog()).isEqualTo(before);
    database.phase(2, true);
    update(database, ENFORCE);
    assertThat(nullable(database)).containsExactly("old_status");
  }

  @Test
  void relaxIsPassedOverFromPhase2On() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    update(database, ENFORCE);
    update(database, RELAX);
    assertThat(nullable(database)).containsExactly("old_status");
  }

  @ParameterizedTest
  @CsvSource({"NOT VALID", "''"})
  void anAttemptThatFailedHalfWayIsTakenUp(String validity) throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    leaveCheck(database, validity);
    update(database, ENFORCE);
    assertThat(nullable(database)).containsExactly("old_status");
    assertThat(database.catalog()).noneMatch(line -> line.contains("CHECK ((status"));
  }

  @Test
  void relaxTakesALeftoverCheckAwayToo() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(0, true);
    leaveCheck(database, "NOT VALID");
    update(database, RELAX);
    database.run("INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'NEW')");
    assertThat(database.one("SELECT count(*) FROM orders WHERE status IS NULL")).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource({"0, true", "1, true", "2, true", "3, false"})
  void contractRefusesByItself(int phase, boolean drained) {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(phase, drained);
    String found = "phase " + phase + (drained ? ", drained" : ", not drained");
    for (String labels : List.of(CONTRACT, "")) {
      assertThatThrownBy(() -> update(database, labels)).hasStackTraceContaining(found);
    }
    assertThat(database.catalog()).anyMatch(line -> line.contains("lower((old_status)"));
    assertThat(database.one("SELECT count(old_status) FROM orders")).isEqualTo("1000");
  }

  @Test
  void contractIsRolledBackUnderALiveFleetToAnEmptyColumn() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    update(database, ENFORCE);
    database.phase(3, true);
    database.heartbeat();
    roundTrip(database, CONTRACT, 1);
    assertThat(database.catalog()).noneMatch(line -> line.contains("old_status"));
    assertThat(database.one("SELECT contracted_at IS NOT NULL FROM migration_state"))
        .isEqualTo("t");
    String row = database.one("SELECT ctid FROM orders ORDER BY id LIMIT 1");
    rollback(database, 1);
    // a reverse backfill fills it in phase 2, in batches
    assertThat(database.one("SELECT count(old_status) FROM orders")).isEqualTo("0");
    assertThat(database.one("SELECT ctid FROM orders ORDER BY id LIMIT 1")).isEqualTo(row);
    assertThat(database.one("SELECT contracted_at IS NULL FROM migration_state")).isEqualTo("t");
  }

  @Test
  void contractIsNotRolledBackOutsideOfPhase3() throws Exception {
    SchemaTestDatabase database = contracted();
    database.phase(2, true);
    isNotRolledBack(database, "not in phase 3");
  }

  private static SchemaTestDatabase contracted() throws Exception {
    SchemaTestDatabase database = SchemaTestDatabase.expanded(2, true);
    update(database, ENFORCE);
    database.phase(3, true);
    update(database, CONTRACT);
    return database;
  }

  /** Rolls one changeset back, which refuses, says why, and changes nothing. */
  private static void isNotRolledBack(SchemaTestDatabase database, String reason) {
    List<String> before = database.catalog();
    assertThatThrownBy(() -> rollback(database, 1)).hasMessageContaining(reason);
    assertThat(database.catalog()).isEqualTo(before);
  }

  /** Update, roll back as many changesets, compare the catalog, update again, compare again. */
  private static void roundTrip(SchemaTestDatabase database, String labels, int changesets)
      throws Exception {
    List<String> before = database.catalog();
    update(database, labels);
    List<String> after = database.catalog();
    assertThat(after).isNotEqualTo(before);
    for (int i = 0; i < changesets; i++) {
      rollback(database, 1);
    }
    assertThat(database.catalog()).isEqualTo(before);
    update(database, labels);
    assertThat(database.catalog()).isEqualTo(after);
  }

  private static void leaveCheck(SchemaTestDatabase database, String validity) {
    database.run(
        "ALTER TABLE orders ADD CONSTRAINT orders_status_present CHECK (status IS NOT NULL) "
            + validity);
  }

  private static List<String> nullable(SchemaTestDatabase database) {
    return database.list(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0"
            + " AND NOT attisdropped AND NOT attnotnull ORDER BY attname");
  }

  private static void update(SchemaTestDatabase database, String labels) throws Exception {
    database.quietly(liquibase -> liquibase.update(new Contexts(), new LabelExpression(labels)));
  }

  private static void rollback(SchemaTestDatabase database, int changesets) throws Exception {
    database.quietly(
        liquibase -> liquibase.rollback(changesets, null, new Contexts(), new LabelExpression()));
  }
}
