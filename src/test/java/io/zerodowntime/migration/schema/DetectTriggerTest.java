package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.Sync;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With {@code sync: detect}, who writes one side only is recorded, and no row is changed. */
@OnSchemaServer
class DetectTriggerTest {
  private static final Migration AMOUNT =
      new Migration(
          "bill-amount",
          "bill",
          List.of("id"),
          List.of(ComputedColumn.of("amount", "cents::text")),
          List.of(ComputedColumn.of("cents", "amount::bigint")),
          List.of(),
          List.of(),
          new Migration.Options(
              Optional.empty(), Optional.empty(), Optional.empty(), false, Sync.DETECT));

  private final SchemaTestDatabase database = SchemaTestDatabase.initial();
  @TempDir private Path directory;
  private PlannedChangelog planned;

  @BeforeEach
  void expand() throws Exception {
    database.run(
        "CREATE TABLE bill (id bigint PRIMARY KEY, amount text, note text)",
        "ALTER TABLE bill OWNER TO " + database.owner(),
        "GRANT SELECT, INSERT, UPDATE ON bill TO " + database.stranger(),
        "INSERT INTO bill SELECT n, n FROM generate_series(1, 10) n");
    planned = PlannedChangelog.write(database, directory, AMOUNT);
    assertThat(planned.apply(SchemaStage.EXPAND)).endsWith("010-columns", "010-sync");
    assertThat(planned.apply(SchemaStage.EXPAND)).isEmpty();
    database.phase(1, true);
  }

  private void write(String application, String... statements) throws SQLException {
    try (Connection writer = database.as(application, database.stranger()).getConnection();
        Statement statement = writer.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private List<String> seen() {
    return database.list(
        "SELECT concat_ws('|', application, role, statement) FROM unfenced_writer"
            + " ORDER BY application, statement");
  }

  @Test
  void theFileSaysWhatItsTriggersDo() throws Exception {
    assertThat(Files.readString(directory.resolve("bill-amount-010-expand.sql")))
        .contains("These triggers change no row.")
        .doesNotContain("fill the other", "BEFORE");
  }

  @Test
  void aStatementThatWritesOneSideIsRecordedWithoutItsLiterals() throws Exception {
    write(
        "billing",
        "UPDATE bill SET amount = '77' WHERE id = 1",
        "UPDATE bill SET amount = '78' WHERE id = 2",
        "INSERT INTO bill (id, amount) SELECT 11, $$5$$");
    assertThat(seen())
        .containsExactly(
            "billing|%s|INSERT INTO bill (id, amount) SELECT ?, ?".formatted(database.stranger()),
            "billing|%s|UPDATE bill SET amount = ? WHERE id = ?".formatted(database.stranger()));
    assertThat(database.one("SELECT amount || COALESCE(cents, 0) FROM bill WHERE id = 1"))
        .as("no row is changed")
        .isEqualTo("770");
  }

  @Test
  void whatWritesBothSidesOrAnotherColumnIsNot() throws Exception {
    write(
        "careful",
        "UPDATE bill SET amount = '7', cents = 7 WHERE id = 1",
        "INSERT INTO bill (id, amount, cents) VALUES (12, '1', 1)",
        "UPDATE bill SET note = 'paid', amount = amount");
    assertThat(seen()).isEmpty();
  }

  @Test
  void phasesInWhichOneSideIsEnoughRecordNothing() throws Exception {
    for (int phase : List.of(0, 3)) {
      database.phase(phase, true);
      write("early", "UPDATE bill SET amount = '8' WHERE id = 1");
    }
    database.phase(1, false);
    write("early", "UPDATE bill SET amount = '9' WHERE id = 1");
    assertThat(seen()).isEmpty();
  }

  @Test
  void aValueThatTheExpressionRefusesIsWrittenAndRecorded() throws Exception {
    write("odd", "UPDATE bill SET amount = 'much' WHERE id = 3");
    assertThat(database.one("SELECT amount FROM bill WHERE id = 3")).isEqualTo("much");
    assertThat(seen()).hasSize(1);
  }

  /** The second writer of a source meets the first one's lock, and neither waits nor fails. */
  @Test
  void writersWaitForNoRecord() throws Exception {
    try (Connection first = database.as("twin", database.stranger()).getConnection()) {
      first.setAutoCommit(false);
      first.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      first.createStatement().execute("SELECT FROM bill");
      write("twin", "UPDATE bill SET amount = '11' WHERE id = 1");
      database.run("UPDATE unfenced_writer SET last_at = last_at - interval '1 minute'");
      first.createStatement().execute("UPDATE bill SET amount = '12' WHERE id = 2");
      write("twin", "SET lock_timeout = '1s'; UPDATE bill SET amount = '13' WHERE id = 3");
      first.commit();
    }
    assertThat(database.one("SELECT string_agg(amount, '' ORDER BY id) FROM bill WHERE id < 4"))
        .isEqualTo("111213");
    assertThat(seen()).isNotEmpty();
  }

  @Test
  void aHundredSourcesAreKeptAtMost() throws Exception {
    for (int n = 1; n <= 105; n++) {
      write("job-" + n, "UPDATE bill SET amount = '%d' WHERE id = 1".formatted(1000 + n));
    }
    assertThat(database.one("SELECT count(*) FROM unfenced_writer")).isEqualTo("100");
    assertThat(database.one("SELECT count(*) FROM unfenced_writer WHERE application = 'job-105'"))
        .isEqualTo("1");
  }

  @Test
  void theRollbackTakesTheRecordsAlongInEveryPhase() throws Exception {
    write("billing", "UPDATE bill SET amount = '77' WHERE id = 1");
    database.phase(0, true);
    planned.rollback();
    assertThat(seen()).isEmpty();
    assertThat(database.one("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zd_sync%'"))
        .isEqualTo("0");
  }
}
