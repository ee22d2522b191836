package io.zerodowntime.migration.phase;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.StateSource;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.OneToOne;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The grace period waits for writers of a partitioned table, whatever name they write it by. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class PartitionWriterTest {
  private static final Migration MIGRATION =
      OneToOne.migration(
          "other",
          "journal",
          List.of("day", "id"),
          "old_kind",
          "kind",
          "lower(old_kind)",
          "upper(kind)");

  /** The last partition has partitions itself. */
  private static final String TABLES =
      """
      CREATE TABLE journal (day date, id bigint, old_kind text, kind text,
        PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
      CREATE TABLE journal_1 PARTITION OF journal
        FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
      CREATE TABLE journal_2 PARTITION OF journal
        FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id);
      CREATE TABLE journal_2_1 PARTITION OF journal_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0)
      """;

  /** By the rule of phase 0, from a snapshot that shows phase 0. */
  private static final String WRITE =
      """
      INSERT INTO %s (day, id, old_kind) SELECT '%s', 1, 'Kind' FROM migration_state
      WHERE name = 'other' AND phase = 0
      """;

  @Inject EngineDatabase database;
  @Inject GracePeriod grace;
  @Inject StateSource states;
  @Inject Pool pool;

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run(TABLES);
    database.run("INSERT INTO migration_state (name, phase, epoch) VALUES ('other', 0, 0)");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE journal");
  }

  private void step() {
    database.run(
        "UPDATE migration_state SET phase = 1, epoch = 1, changed_at = clock_timestamp(),"
            + " draining = NULL, drained_at = NULL WHERE name = 'other'");
  }

  private boolean drained() {
    return Engine.await(
            states
                .state(pool, MIGRATION)
                .chain(state -> grace.advance(pool, MIGRATION, state))
                .chain(() -> states.state(pool, MIGRATION)))
        .drained();
  }

  @ParameterizedTest
  @ValueSource(strings = {"journal", "journal_1", "journal_2", "journal_2_1"})
  void isWaitedFor(String table) throws Exception {
    String day = table.startsWith("journal_2") ? "2026-02-03" : "2026-01-03";
    try (Connection writer = database.session("partition-writer")) {
      execute(writer, WRITE.formatted(table, day));
      step();
      assertThat(drained()).isFalse();
      assertThat(Engine.await(grace.holders(pool, MIGRATION)))
          .singleElement()
          .satisfies(holder -> assertThat(holder.applicationName()).contains("partition-writer"));
      assertThat(drained()).isFalse();
      writer.commit();
    }
    assertThat(drained()).isTrue();
    assertThat(database.number("SELECT count(*) FROM journal WHERE kind IS NULL")).isOne();
  }

  /** Who truncates a partition, or waits to detach it, keeps no one from knowing the writers. */
  @Test
  void isListedWhileAPartitionIsLocked() throws Exception {
    try (Connection writer = database.session("partition-writer");
        Connection holder = database.session("truncates")) {
      execute(writer, WRITE.formatted("journal_2_1", "2026-02-03"));
      execute(holder, "LOCK TABLE journal_1 IN ACCESS EXCLUSIVE MODE");
      step();
      assertThat(drained()).isFalse();
      writer.commit();
      assertThat(drained()).isTrue();
    }
  }
}
