package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.SqlName;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Tables that are not orders: other key types, odd keys, and names that the engine uses too. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class OtherTablesTest {
  private static final Run.Limits SMALL = new Run.Limits(2, Duration.ZERO, 1);

  private static final String CREATE = "CREATE TABLE %s (%s %s PRIMARY KEY, %s text, %s text)";

  private static final String RANGES =
      """
      SELECT count(*) FROM backfill_progress WHERE run_id =
        (SELECT max(id) FROM backfill_run WHERE migration = 'other')
      """;

  private static final String ODD_CODES =
      """
      INSERT INTO doc (code, old_kind) SELECT code, 'Kind ' || code FROM unnest(ARRAY['', ' ', '  ',
        'a', 'A', 'b', 'B', 'a b', '''', '"', '\\', '{', '{a,b}', 'NULL', 'null', ',', '$1',
        '%(key)', E'\\n', E'\\t', 'ä', E'a\\u0308', 'Z', 'ß', 'ss', '日本', '😀', '-', '_', '~', '0',
        '10', '9']) AS code
      """;

  private static final String ODD_IDS =
      """
      INSERT INTO item (id, old_kind) SELECT id::uuid, 'Kind ' || id FROM unnest(ARRAY[
        '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001',
        '7fffffff-ffff-ffff-ffff-ffffffffffff', '80000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff']) AS id
      """;

  @Inject EngineDatabase database;
  @Inject Backfill backfill;
  @Inject BackfillJob job;
  @Inject BackfillStore runs;
  @Inject ParityScan parity;
  @Inject SnapshotStore snapshots;
  private Migration migration;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  @AfterEach
  void drop() {
    database.forget("other", "DROP TABLE " + migration.table());
  }

  private void table(String table, String key, String type, String oldColumn, String newColumn) {
    migration =
        OneToOne.migration(
            "other",
            table,
            List.of(key),
            oldColumn,
            newColumn,
            "lower(" + oldColumn + ")",
            "upper(" + newColumn + ")");
    database.run(
        CREATE.formatted(table, key, type, oldColumn, newColumn),
        "INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 1, 1)");
  }

  private String oldColumn() {
    return migration.oldNames().get(0);
  }

  private String newColumn() {
    return migration.newNames().get(0);
  }

  private String key() {
    return SqlName.quote(migration.key().get(0));
  }

  private long count(String condition) {
    return database.number("SELECT count(*) FROM " + migration.table() + " WHERE " + condition);
  }

  private Run work(Uni<Run> started) {
    Engine.await(job.work(migration, Engine.await(started), 3).collect().last());
    return Engine.await(runs.runs(migration, 1)).get(0);
  }

  private void assertWorked(Run run, long changed, long mismatched) {
    assertThat(run.state()).isEqualTo(RunState.COMPLETE);
    assertThat(run.scanned()).isEqualTo(count("true"));
    assertThat(run.changed()).isEqualTo(changed);
    assertThat(run.mismatched()).isEqualTo(mismatched);
  }

  /** Compared, filled, compared again; then a row is spoiled, found and filled on the way back. */
  private void assertServed(int ranges) {
    long rows = count("true");
    Uni<Run> started = parity.start(migration, Engine.TEST);
    assertWorked(work(started.call(run -> snapshots.fallBack(migration, run))), 0, rows);
    assertThat(mismatched()).containsExactlyInAnyOrderElementsOf(keys("true"));
    assertWorked(work(backfill.start(migration, SMALL, Engine.TEST)), rows, 0);
    assertThat(lastRanges()).isGreaterThanOrEqualTo(ranges);
    assertThat(differing()).isZero();
    assertWorked(work(parity.start(migration, Engine.TEST)), 0, 0);
    assertThat(mismatched()).isEmpty();

    database.run("UPDATE migration_state SET phase = 2, epoch = 2 WHERE name = 'other'");
    String last = "%1$s = (SELECT %1$s FROM %2$s ORDER BY 1 DESC LIMIT 1)";
    spoil(last.formatted(key(), migration.table()));
    assertWorked(work(parity.start(migration, Engine.TEST)), 0, Math.min(1, rows));
    assertThat(mismatched()).hasSameElementsAs(keys(oldColumn() + " = 'Spoilt'"));
    assertWorked(work(backfill.start(migration, SMALL, Engine.TEST)), Math.min(1, rows), 0);
    assertThat(differing()).isZero();
    assertThat(count(oldColumn() + " = 'Spoilt'")).isZero();
  }

  private void spoil(String which) {
    database.run(
        "UPDATE %s SET %s = 'Spoilt' WHERE %s".formatted(migration.table(), oldColumn(), which));
  }

  private long differing() {
    return count(newColumn() + " IS DISTINCT FROM lower(" + oldColumn() + ")");
  }

  private long lastRanges() {
    return database.number(RANGES);
  }

  private List<String> mismatched() {
    return database.rows(
        "SELECT key FROM parity_mismatch WHERE migration = 'other' AND repaired_at IS NULL");
  }

  private List<String> keys(String condition) {
    return database.rows(
        "SELECT %s::text FROM %s WHERE %s".formatted(key(), migration.table(), condition));
  }

  /** A table for each type, as no key changes its type in the life of a session. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "doc_text, text",
        "doc_varchar, varchar",
        "doc_c, text COLLATE \"C\"",
        "doc_icu, text COLLATE \"und-x-icu\""
      })
  void servesOddTextKeys(String table, String type) {
    table(table, "code", type, "old_kind", "kind");
    database.run(ODD_CODES.replace("INTO doc", "INTO " + table));
    database.run("ANALYZE " + table);
    assertServed((int) count("true") / 2);
  }

  @Test
  void servesUuidKeys() {
    table("item", "id", "uuid", "old_kind", "kind");
    database.run(ODD_IDS);
    database.run(
        "INSERT INTO item (id, old_kind) SELECT gen_random_uuid(), 'K' || n"
            + " FROM generate_series(1, 600) AS n");
    database.run("ANALYZE item");
    assertServed(64);
  }

  @Test
  void servesKeysThatWereNeverAnalysed() {
    table("item", "id", "uuid", "old_kind", "kind");
    database.run(ODD_IDS);
    assertServed(1);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {"uuid, gen_random_uuid()", "text, ''", "date, '-infinity'", "numeric, 'NaN'"})
  void servesOneRow(String type, String key) {
    table("doc_" + type, "code", type, "old_kind", "kind");
    database.run("INSERT INTO doc_%s (code, old_kind) VALUES (%s, 'Kind')".formatted(type, key));
    assertServed(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"uuid", "text", "numeric"})
  void servesAnEmptyTable(String type) {
    table("doc_" + type, "code", type, "old_kind", "kind");
    assertServed(0);
  }

  /** Each name is one that the engine's own statements use. */
  @ParameterizedTest
  @CsvSource({
    "claim, last, n, low",
    "page, n, last, after",
    "work, low, after, high",
    "written, after, key, last",
    "moved, key, low, n",
    "seen, range_no, run_id, done",
    "kept, bound, scanned, changed",
    "ends, migration, epoch, state",
    "histogram, total, old_value, new_value",
    "picked, id, old_kind, kind",
    "total, id, old_kind, kind"
  })
  void isNotConfusedByNames(String table, String key, String oldColumn, String newColumn) {
    table(table, key, "text", oldColumn, newColumn);
    database.run(
        "INSERT INTO %s (%s, %s) SELECT 'k' || i, 'Kind ' || i FROM generate_series(1, 8) AS i"
            .formatted(table, key, oldColumn));
    database.run("ANALYZE " + table);
    assertServed(4);
  }
}
