package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.SqlName;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys of several columns, of any types, in tables whose names need quotes. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class CompositeKeyTest {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final String OLD = "old \"Kind\"";
  private static final String NEW = "select";

  private static final String RANGES =
      """
      SELECT count(*) FROM backfill_progress
      WHERE run_id = (SELECT max(id) FROM backfill_run WHERE migration = 'other')
      """;

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject MismatchRepair repair;
  @Inject ParityScan parity;
  @Inject SnapshotStore snapshots;
  @Inject GateEvaluator gates;
  @Inject Pool pool;
  // no key changes its type in the life of a session
  private final String schema = "My \"Schema\" " + COUNT.incrementAndGet();
  private Migration migration;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.run("CREATE SCHEMA " + SqlName.quote(schema));
  }

  @AfterEach
  void drop() {
    database.forget("other", "DROP SCHEMA " + SqlName.quote(schema) + " CASCADE");
  }

  private void table(List<String> key, List<String> types, String suffix) {
    migration =
        OneToOne.migration(
            "other",
            SqlName.quote(schema) + ".\"The.Order\"",
            key,
            OLD,
            NEW,
            "lower(" + SqlName.quote(OLD) + ")",
            "upper(" + SqlName.quote(NEW) + ")");
    List<String> columns = new ArrayList<>();
    for (int i = 0; i < key.size(); i++) {
      columns.add(SqlName.quote(key.get(i)) + " " + types.get(i));
    }
    database.run(
        "CREATE TABLE %s (%s, %s text, %s text, PRIMARY KEY (%s)) %s"
            .formatted(
                migration.table(),
                String.join(", ", columns),
                SqlName.quote(OLD),
                SqlName.quote(NEW),
                columns(),
                suffix));
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  private String columns() {
    return migration.key().stream().map(SqlName::quote).collect(Collectors.joining(", "));
  }

  private void fill(String values) {
    database.run(
        "INSERT INTO %s (%s, %s) %s"
            .formatted(migration.table(), columns(), SqlName.quote(OLD), values));
  }

  private long count(String condition) {
    return database.number("SELECT count(*) FROM " + migration.table() + " WHERE " + condition);
  }

  private Run work(Uni<Run> started) {
    Engine.await(job.work(migration, Engine.await(started), 3).collect().last());
    return Engine.await(runs.runs(migration, 1)).get(0);
  }

  private Run compareInKeyOrder() {
    return work(
        parity.start(migration, Engine.TEST).call(run -> snapshots.fallBack(migration, run)));
  }

  private void assertWorked(Run run, long changed, long mismatched) {
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    assertThat(run.scanned()).isEqualTo(count("true"));
    assertThat(run.changed()).isEqualTo(changed);
    assertThat(run.mismatched()).isEqualTo(mismatched);
    assertThat(database.one("SELECT table_rows FROM backfill_run ORDER BY id DESC LIMIT 1"))
        .isEqualTo(String.valueOf(count("true")));
  }

  /** Compared, filled, compared again; then rows are spoiled, found by both ways, and repaired. */
  private void assertServed(int batchSize) {
    String differs =
        "%s IS DISTINCT FROM lower(%s)".formatted(SqlName.quote(NEW), SqlName.quote(OLD));
    long rows = count("true");
    assertThat(Engine.await(gates.key(pool, migration, migration.key())).open()).isTrue();
    assertWorked(compareInKeyOrder(), 0, rows);
    Run.Limits limits = new Run.Limits(batchSize, Duration.ZERO, 1);
    assertWorked(work(backfill.start(migration, limits, Engine.TEST)), rows, 0);
    assertThat(count(differs)).isZero();
    assertWorked(work(parity.start(migration, Engine.TEST)), 0, 0);

    database.run(
        "UPDATE %1$s SET %2$s = 'Spoilt' WHERE (%3$s) IN (SELECT %3$s FROM %1$s LIMIT 3)"
            .formatted(migration.table(), SqlName.quote(OLD), columns()));
    long spoilt = Math.min(3, rows);
    assertWorked(compareInKeyOrder(), 0, spoilt);
    List<String> found = unrepaired();
    assertThat(found).hasSize((int) spoilt);
    assertWorked(work(parity.start(migration, Engine.TEST)), 0, spoilt);
    assertThat(unrepaired()).as("by pages").containsExactlyInAnyOrderElementsOf(found);
    assertThat(work(repair.start(migration, Engine.TEST)).changed()).isEqualTo(spoilt);
    assertThat(count(differs)).isZero();
  }

  private List<String> unrepaired() {
    return database.rows(
        "SELECT key FROM parity_mismatch WHERE migration = 'other' AND repaired_at IS NULL");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "date | bigint | SELECT date '2026-01-01' + n % 7, n",
        "text | text COLLATE \"C\" | SELECT CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN '{a,\"b\"}'"
            + " ELSE 'NULL' END, concat(chr(33 + n % 90), n)",
        "uuid | timestamptz | SELECT gen_random_uuid(), CASE n % 5 WHEN 0 THEN 'infinity' WHEN 1"
            + " THEN '-infinity' ELSE timestamptz '2026-03-29 00:30+00' + n * interval '1 h' END",
        "numeric | boolean | SELECT CASE n WHEN 1 THEN 'NaN' ELSE (n / 2) / 3.0 END, n % 2 = 0",
        "float8 | integer | SELECT CASE n % 9 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE"
            + " 1.0 / n END, n",
        "integer[] | char(5) | SELECT ARRAY[n % 4, n % 3], n::text",
        "smallint | bytea | SELECT n % 3, decode(lpad(to_hex(n), 4, '0'), 'hex')"
      })
  void servesKeysOfTwoColumns(String first, String second, String values) {
    table(List.of("Tenant", "order"), List.of(first, second), "");
    fill(values + ", 'Kind ' || n FROM generate_series(1, 400) AS n");
    assertServed(7);
    assertThat(database.number(RANGES)).as("the repair's").isEqualTo(3);
  }

  @Test
  void servesKeysOfThreeColumns() {
    table(List.of("a", "b\"c", "d"), List.of("boolean", "integer", "text"), "");
    fill("SELECT n % 2 = 0, n % 5, 'k' || n, 'Kind ' || n FROM generate_series(1, 200) AS n");
    assertServed(3);
  }

  /** Arrays have no place in array_agg(). */
  @ParameterizedTest
  @CsvSource({
    "integer[], 'ARRAY[n / 2, n]'",
    "char(3), 'n::text'",
    "oid, n",
    "inet, \"inet '10.0.0.0' + n\""
  })
  void servesOtherKeysOfOneColumn(String type, String value) {
    table(List.of("Id"), List.of(type), "");
    fill("SELECT " + value.replace("\"", "") + ", 'K' FROM generate_series(1, 90) AS n");
    assertServed(4);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void servesFewRows(int rows) {
    table(List.of("a", "b"), List.of("date", "text"), "");
    fill("SELECT date 'infinity', 'k' || n, 'K' FROM generate_series(1, %d) AS n".formatted(rows));
    if (rows > 0) {
      assertServed(2);
    } else {
      assertWorked(compareInKeyOrder(), 0, 0);
    }
  }

  @Test
  void servesPartitionedTables() {
    table(List.of("day", "id"), List.of("date", "bigint"), "PARTITION BY RANGE (day)");
    for (int month = 1; month <= 3; month++) {
      database.run(
          ("CREATE TABLE %s.\"Part %d\" PARTITION OF %s"
                  + " FOR VALUES FROM ('2026-0%d-01') TO ('2026-0%d-01')")
              .formatted(SqlName.quote(schema), month, migration.table(), month, month + 1));
    }
    fill("SELECT date '2026-01-01' + n % 90, n, 'K' || n FROM generate_series(1, 600) AS n");
    for (int month = 1; month <= 3; month++) {
      database.run("ANALYZE %s.\"Part %d\"".formatted(SqlName.quote(schema), month));
    }
    assertThat(Engine.await(KeyRanges.estimate(pool, migration))).isBetween(600L, 1200L);
    assertServed(5);
  }

  /** Never one range for a big table, also where the first column has one value only. */
  @Test
  void cutsByASampleOfThePages() {
    table(List.of("tenant", "id"), List.of("integer", "uuid"), "");
    fill("SELECT 1, gen_random_uuid(), 'K' FROM generate_series(1, 5000)");
    List<KeyRanges.Range> ranges =
        Engine.await(
            KeySql.of(pool, migration, migration.key()).chain(key -> KeyRanges.cut(pool, key, 16)));
    assertThat(ranges).hasSize(16);
    assertWorked(
        work(backfill.start(migration, new Run.Limits(100, Duration.ZERO, 1), Engine.TEST)),
        5000,
        0);
    assertThat(
            database.number(
                "SELECT max(scanned) * 3 / GREATEST(1, min(scanned)) FROM backfill_progress"))
        .as("balanced")
        .isLessThanOrEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({"'b, a'", "'a, b DESC'", "'a, b, old_kind'", "a", "'a NULLS FIRST, b NULLS FIRST'"})
  void needsAnIndexInTheOrderOfTheKey(String index) {
    table(List.of("a", "b"), List.of("integer", "integer"), "");
    database.run("ALTER TABLE %s DROP CONSTRAINT \"The.Order_pkey\"".formatted(migration.table()));
    database.run(
        "ALTER TABLE %s ALTER a SET NOT NULL, ALTER b SET NOT NULL".formatted(migration.table()));
    database.run(
        "CREATE UNIQUE INDEX ON %s (%s)"
            .formatted(migration.table(), index.replace("old_kind", "\"select\"")));
    assertThat(Engine.await(gates.key(pool, migration, migration.key())).reason())
        .contains("The.Order\".a, b has no valid");
    database.run(
        "CREATE UNIQUE INDEX ON %s (a DESC, b DESC) INCLUDE (\"select\")"
            .formatted(migration.table()));
    assertThat(Engine.await(gates.key(pool, migration, migration.key())).open())
        .as("read backwards")
        .isTrue();
  }

  /** By plans of both kinds, of a table that was written since the last VACUUM. */
  @ParameterizedTest
  @CsvSource({"FORWARD, generic", "PARITY, generic", "FORWARD, custom", "PARITY, custom"})
  void readsOnlyTheRowsOfItsBatchByTheIndex(RunKind kind, String mode) throws SQLException {
    table(List.of("day", "id"), List.of("date", "bigint"), "");
    fill("SELECT date '2026-01-01' + n % 30, n, 'K' || n FROM generate_series(1, 60000) AS n");
    database.run("ANALYZE " + migration.table());
    Run run =
        kind == RunKind.PARITY
            ? Engine.await(
                parity
                    .start(migration, Engine.TEST)
                    .call(begun -> snapshots.fallBack(migration, begun)))
            : Engine.await(backfill.start(migration, Engine.FAST, Engine.TEST));
    KeySql key = Engine.await(KeySql.of(pool, migration, migration.key()));
    List<String> lines =
        BatchPlans.lines(database, mode, BatchStatement.of(key, kind), run.id(), 500);
    String plan = String.join("\n", lines);

    assertThat(plan).contains("Index Cond: ((ROW(").doesNotContain("Seq Scan on \"The.Order\"");
    assertThat(plan).as("the rest of a range").doesNotContain("Sort Key: t.");
    assertThat(lines.stream().filter(line -> line.contains("Scan") && line.contains("The.Order")))
        .as(plan)
        .hasSizeBetween(2, 3)
        .allMatch(line -> line.matches(".*(Index|Bitmap).* .actual rows=500(.00)? loops=1.*"));
  }
}
