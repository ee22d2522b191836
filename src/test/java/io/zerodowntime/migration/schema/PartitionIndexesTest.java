package io.zerodowntime.migration.schema;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The planned index of a partitioned table reaches each partition, whatever stopped it before. */
@OnSchemaServer
@Tag("protocol")
class PartitionIndexesTest {
  private static final String SHOP = "\"My.Shop\".";
  private static final String TABLE = SHOP + "\"Ev'ent\"";

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir private Path directory;
  private PlannedChangelog planned;

  /** One partition has partitions of its own. */
  @BeforeEach
  void expand() throws Exception {
    asOwner(
        "CREATE TABLE %s (day date, id bigint, old_kind text NOT NULL, PRIMARY KEY (day, id))"
            + " PARTITION BY RANGE (day)",
        "CREATE TABLE "
            + SHOP
            + "\"d'1\" PARTITION OF %s FOR VALUES FROM ('2026-01-01') TO"
            + " ('2026-01-02')",
        "CREATE TABLE "
            + SHOP
            + "d2 PARTITION OF %s FOR VALUES FROM ('2026-01-02') TO"
            + " ('2026-01-03') PARTITION BY HASH (id)",
        "CREATE TABLE %1$sd2_a PARTITION OF %1$sd2 FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
            .formatted(SHOP),
        "CREATE TABLE %1$sd2_b PARTITION OF %1$sd2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
            .formatted(SHOP),
        "CREATE INDEX \"Old\" ON %s (old_kind DESC, id)",
        "INSERT INTO %s SELECT date '2026-01-01' + n %% 2, n, 'KIND' FROM generate_series(1, 99) n");
    planned =
        PlannedChangelog.write(
            database,
            directory,
            new Migration(
                "event-kind",
                TABLE,
                List.of("day", "id"),
                List.of(ComputedColumn.of("old_kind", "upper(kind)")),
                List.of(ComputedColumn.of("kind", "lower(old_kind)")),
                List.of("By Kind"),
                List.of("Old"),
                Migration.Options.NONE));
    planned.apply(SchemaStage.EXPAND);
    database.phase(1, true);
  }

  @Test
  void eachPartitionGetsOneAlsoThoseThatCameSinceThePlan() {
    addDay(3);
    assertThat(planned.apply(SchemaStage.INDEX))
        .containsExactly("020-index-1", "By Kind on 5 partitions");
    assertThat(indexes())
        .containsExactly(
            "By Kind on ONLY \"My.Shop\".\"Ev'ent\" USING btree (kind DESC, id) t",
            "d'1_By Kind on \"My.Shop\".\"d'1\" USING btree (kind DESC, id) t",
            "d2_By Kind on ONLY \"My.Shop\".d2 USING btree (kind DESC, id) t",
            "d2_a_By Kind on \"My.Shop\".d2_a USING btree (kind DESC, id) t",
            "d2_b_By Kind on \"My.Shop\".d2_b USING btree (kind DESC, id) t",
            "d3_By Kind on \"My.Shop\".d3 USING btree (kind DESC, id) t");
    addDay(4);
    assertThat(planned.apply(SchemaStage.INDEX)).isEmpty();
    assertThat(database.one("SELECT pg_get_indexdef('%sd4_kind_id_idx'::regclass)".formatted(SHOP)))
        .endsWith("USING btree (kind DESC, id)");
  }

  @Test
  void whatAFailedBuildLeftIsDroppedAndWhatWasBuiltIsAttached() throws Exception {
    asOwner("CREATE INDEX CONCURRENTLY \"d2_a_By Kind\" ON " + SHOP + "d2_a (kind DESC, id)");
    failBuild("CREATE INDEX CONCURRENTLY \"d'1_By Kind\" ON " + SHOP + "\"d'1\" (kind DESC, id)");
    String built = oid("d2_a_By Kind");
    try (SessionProbe.Log log = new SessionProbe.Log()) {
      assertThat(planned.apply(SchemaStage.INDEX)).contains("By Kind on 4 partitions");
      assertThat(log.lines())
          .contains("Dropped index \"My.Shop\".\"d'1_By Kind\": not valid, a build of it failed");
    }
    assertThat(indexes()).hasSize(5).allMatch(line -> line.endsWith(" t"));
    assertThat(oid("d2_a_By Kind")).isEqualTo(built);
  }

  /** An attachment would wait for it, and every client of the partition behind the attachment. */
  @Test
  void aLongTransactionIsWaitedForBeforeAnAttachment() throws Exception {
    asOwner(
        "CREATE INDEX \"By Kind\" ON ONLY %s (kind DESC, id)",
        "CREATE INDEX any_name ON " + SHOP + "\"d'1\" (kind DESC, id)");
    assertThatThrownBy(
            () -> {
              try (Connection reader =
                  reading(SHOP + "\"d'1\"", Connection.TRANSACTION_READ_COMMITTED)) {
                planned.apply(SchemaStage.INDEX, Duration.ofSeconds(1));
                reader.rollback();
              }
            })
        .hasMessageContaining("a transaction in the way of " + TABLE);
    planned.apply(SchemaStage.INDEX);
    assertThat(indexes()).hasSize(4).allMatch(line -> line.endsWith(" t"));
    assertThat(database.one("SELECT relispartition FROM pg_class WHERE relname = 'any_name'"))
        .isEqualTo("t");
  }

  @Test
  void aPartitionThatGoesMeanwhileIsPassedOver() throws Exception {
    addDay(3);
    CompletableFuture<List<String>> index;
    try (Connection reader = reading("migration_state", Connection.TRANSACTION_REPEATABLE_READ)) {
      index =
          CompletableFuture.supplyAsync(
              () -> planned.apply(SchemaStage.INDEX), SessionProbe.THREADS);
      await()
          .until(
              () ->
                  !database
                      .list(
                          "SELECT pid FROM pg_stat_progress_create_index"
                              + " WHERE relid = '%s\"d''1\"'::regclass".formatted(SHOP))
                      .isEmpty());
      asOwner("DROP TABLE " + SHOP + "d3");
      reader.rollback();
    }
    assertThat(index.join()).containsExactly("020-index-1", "By Kind on 4 partitions");
    assertThat(indexes()).hasSize(5).allMatch(line -> line.endsWith(" t"));
  }

  @Test
  void aRollbackTakesWhatIsNotAttachedToo() throws Exception {
    planned.apply(SchemaStage.INDEX);
    asOwner("DROP INDEX " + SHOP + "\"By Kind\"", "CREATE INDEX \"By Kind\" ON ONLY %s (kind)");
    asOwner("CREATE INDEX \"d2_a_By Kind\" ON " + SHOP + "d2_a (kind)");
    database.phase(2, true);
    assertThatThrownBy(planned::rollback).hasMessageContaining("go back to phase 1 first");
    assertThat(indexes()).hasSize(2);
    database.phase(1, true);
    planned.rollback();
    assertThat(indexes()).isEmpty();
    assertThat(planned.apply(SchemaStage.INDEX)).hasSize(2);
  }

  /** What a statement holds at the end of its transaction. */
  @Test
  void statementsTakeTheLocksThatThePlanTells() throws Exception {
    assertThat(PlannedChangelog.plan(database, planned.migration()).report())
        .contains(
            "020-index-1       SHARE on %s: constant, the catalog only; writes by".formatted(TABLE))
        .contains("020-index-1       SHARE UPDATE EXCLUSIVE on each partition in turn: two scans")
        .contains(
            "020-index-1       ACCESS EXCLUSIVE on each partition's new index in turn: const");
    try (Connection session = database.as("locks").getConnection()) {
      session.setAutoCommit(false);
      assertThat(locks(session, "CREATE INDEX \"By Kind\" ON ONLY " + TABLE + " (kind)"))
          .containsExactly("Ev'ent ShareLock");
      asOwner("CREATE INDEX one ON " + SHOP + "\"d'1\" (kind)");
      assertThat(
              locks(
                  session, "ALTER INDEX " + SHOP + "\"By Kind\" ATTACH PARTITION " + SHOP + "one"))
          .contains("one AccessExclusiveLock", "d'1 AccessShareLock", "Ev'ent AccessShareLock")
          .doesNotContain("d'1 AccessExclusiveLock", "Ev'ent AccessExclusiveLock");
    }
  }

  private static List<String> locks(Connection session, String sql) throws SQLException {
    List<String> found = new java.util.ArrayList<>();
    try (var statement = session.createStatement()) {
      statement.execute(sql);
      try (var rows =
          statement.executeQuery(
              "SELECT DISTINCT c.relname || ' ' || l.mode FROM pg_locks l"
                  + " JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid()"
                  + " AND c.relnamespace = '\"My.Shop\"'::regnamespace"
                  + " AND c.relname <> 'By Kind' AND (c.relkind IN ('p', 'r') OR l.mode LIKE 'Access%') ORDER BY 1")) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
      session.commit();
      return found;
    }
  }

  private void addDay(int day) {
    asOwner(
        ("CREATE TABLE %sd%d PARTITION OF %s FOR VALUES FROM ('2026-01-%02d') TO"
                + " ('2026-01-%02d')")
            .formatted(SHOP, day, TABLE, day, day + 1));
  }

  /** In a session of the role that owns the table; {@code %s} stands for the table. */
  private void asOwner(String... statements) {
    database.run("CREATE SCHEMA IF NOT EXISTS \"My.Shop\" AUTHORIZATION " + database.owner());
    try (Connection session = database.as("owner").getConnection();
        var statement = session.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql.contains("%") ? sql.formatted(TABLE) : sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A session in a transaction that has read a table and stays open. */
  private Connection reading(String table, int isolation) throws SQLException {
    Connection reader = database.as("report").getConnection();
    reader.setAutoCommit(false);
    reader.setTransactionIsolation(isolation);
    reader.createStatement().execute("SELECT count(*) FROM " + table);
    return reader;
  }

  private void failBuild(String create) throws Exception {
    try (Connection writer = database.as("writer").getConnection()) {
      writer.setAutoCommit(false);
      writer.createStatement().execute("UPDATE " + TABLE + " SET kind = 'x' WHERE id = 2");
      assertThatThrownBy(() -> database.run("SET lock_timeout = '100ms'", create))
          .hasStackTraceContaining("lock timeout");
      writer.rollback();
    }
    assertThat(database.list("SELECT indexrelid FROM pg_index WHERE NOT indisvalid")).hasSize(1);
  }

  private String oid(String index) {
    return database.one("SELECT oid FROM pg_class WHERE relname = '" + index + "'");
  }

  /** Those of the new column, valid or not. */
  private List<String> indexes() {
    return database.list(
        "SELECT x.relname || regexp_replace(pg_get_indexdef(x.oid), '.* ON ', ' on ')"
            + " || ' ' || i.indisvalid::text::char(1)"
            + " FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid"
            + " WHERE x.relname LIKE '%By Kind' ORDER BY x.relname COLLATE \"C\"");
  }
}
