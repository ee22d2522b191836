package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.Contexts;
import liquibase.LabelExpression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The changesets alone, as Liquibase's command line runs them. */
class ChangelogTest {
  private static final String ENFORCE = "orders-status and enforce";
  private static final String RELAX = "orders-status and relax";
  private static final String CONTRACT = "orders-status and contract";

  @Test
  void initialIsRolledBackChangesetByChangeset() throws Exception {
    TestDatabase database = new TestDatabase();
    roundTrip(database, "initial", 9);
    assertThat(database.catalog()).isNotEmpty();
  }

  @Test
  void expandIsRolledBackWithWhatHangsOnIt() throws Exception {
    TestDatabase database = new TestDatabase();
    update(database, "initial");
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
    TestDatabase database = TestDatabase.expanded(1, true);
    List<String> before = database.catalog();
    assertThatThrownBy(() -> rollback(database, 1)).hasMessageContaining("back to phase 0 first");
    assertThat(database.catalog()).isEqualTo(before);
  }

  @Test
  void theIndexIsRolledBack() throws Exception {
    roundTrip(TestDatabase.expanded(1, true), "orders-status and index", 1);
  }

  @Test
  void theIndexIsBuiltAgainWhenItIsGone() throws Exception {
    TestDatabase database = TestDatabase.expanded(1, true);
    update(database, "orders-status and index");
    database.run("DROP INDEX orders_status_idx");
    update(database, "orders-status and index");
    assertThat(database.catalog()).anyMatch(line -> line.contains("orders_status_idx"));
    String built = database.one("SELECT 'orders_status_idx'::regclass::oid");
    update(database, "orders-status and index");
    assertThat(database.one("SELECT 'orders_status_idx'::regclass::oid")).isEqualTo(built);
  }

  @Test
  void enforceIsRolledBackChangesetByChangeset() throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
    roundTrip(database, ENFORCE, 5);
    assertThat(nullable(database)).containsExactly("old_status");
    assertThat(database.catalog()).noneMatch(line -> line.contains("CHECK ((status"));
  }

  @Test
  void theOldColumnIsNotMadeNotNullAgainInPhase3() throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
    update(database, ENFORCE);
    database.phase(3, true);
    List<String> before = database.catalog();
    assertThatThrownBy(() -> rollback(database, 1)).hasMessageContaining("back to phase 2 first");
    assertThat(database.catalog()).isEqualTo(before);
  }

  @Test
  void enforceAndRelaxRunAsOftenAsTheFleetGoesForwardAndBack() throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
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
    TestDatabase database = TestDatabase.expanded(phase, drained);
    List<String> before = database.catalog();
    update(database, ENFORCE);
    assertThat(database.catalog()).isEqualTo(before);
    database.phase(2, true);
    update(database, ENFORCE);
    assertThat(nullable(database)).containsExactly("old_status");
  }

  @Test
  void relaxIsPassedOverFromPhase2On() throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
    update(database, ENFORCE);
    update(database, RELAX);
    assertThat(nullable(database)).containsExactly("old_status");
  }

  @ParameterizedTest
  @CsvSource({"NOT VALID", "''"})
  void anAttemptThatFailedHalfWayIsTakenUp(String validity) throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
    leaveCheck(database, validity);
    update(database, ENFORCE);
    assertThat(nullable(database)).containsExactly("old_status");
    assertThat(database.catalog()).noneMatch(line -> line.contains("CHECK ((status"));
  }

  @Test
  void relaxTakesALeftoverCheckAwayToo() throws Exception {
    TestDatabase database = TestDatabase.expanded(0, true);
    leaveCheck(database, "NOT VALID");
    update(database, RELAX);
    database.run("INSERT INTO orders (user_id, amount, old_status) VALUES (1, 1, 'NEW')");
    assertThat(database.one("SELECT count(*) FROM orders WHERE status IS NULL")).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource({"0, true", "1, true", "2, true", "3, false"})
  void contractRefusesByItself(int phase, boolean drained) {
    TestDatabase database = TestDatabase.expanded(phase, drained);
    String found = "phase " + phase + (drained ? ", drained" : ", not drained");
    for (String labels : List.of(CONTRACT, "")) {
      assertThatThrownBy(() -> update(database, labels)).hasStackTraceContaining(found);
    }
    assertThat(database.catalog()).anyMatch(line -> line.contains("lower((old_status)"));
    assertThat(database.one("SELECT count(old_status) FROM orders")).isEqualTo("1000");
  }

  @Test
  void contractIsRolledBackWithItsValuesAndItsIndex() throws Exception {
    TestDatabase database = TestDatabase.expanded(2, true);
    update(database, ENFORCE);
    database.phase(3, true);
    roundTrip(database, CONTRACT, 2);
    assertThat(database.catalog()).noneMatch(line -> line.contains("old_status"));
    assertThat(database.one("SELECT contracted_at IS NOT NULL FROM migration_state"))
        .isEqualTo("t");
    rollback(database, 2);
    assertThat(database.one("SELECT count(*) FROM orders WHERE old_status = 'PAID'"))
        .isEqualTo("1000");
    assertThat(database.one("SELECT contracted_at IS NULL FROM migration_state")).isEqualTo("t");
  }

  /** Update, roll back as many changesets, compare the catalog, update again, compare again. */
  private static void roundTrip(TestDatabase database, String labels, int changesets)
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

  private static void leaveCheck(TestDatabase database, String validity) {
    database.run(
        "ALTER TABLE orders ADD CONSTRAINT orders_status_present CHECK (status IS NOT NULL) "
            + validity);
  }

  private static List<String> nullable(TestDatabase database) {
    return database.list(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0"
            + " AND NOT attisdropped AND NOT attnotnull ORDER BY attname");
  }

  private static void update(TestDatabase database, String labels) throws Exception {
    Liquibases.quietly(
        database, liquibase -> liquibase.update(new Contexts(), new LabelExpression(labels)));
  }

  private static void rollback(TestDatabase database, int changesets) throws Exception {
    Liquibases.quietly(
        database,
        liquibase -> liquibase.rollback(changesets, null, new Contexts(), new LabelExpression()));
  }
}
