package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.liquibase.LiquibaseFactory;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.PrimaryLine;
import io.zerodowntime.migration.ComputedColumn;
import io.zerodowntime.migration.GateEvaluator;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.MigrationException.SchemaFailed;
import io.zerodowntime.migration.Verdict;
import io.zerodowntime.migration.phase.Instances;
import io.zerodowntime.migration.phase.PhaseStore;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.resource.DirectoryResourceAccessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All old columns of a migration go in one drop, behind gates that name each that is not right. */
@QuarkusTest
@TestProfile(OwnerProfile.class)
class SeveralColumnsDropTest {
  private static final Migration MERGE =
      new Migration(
          "other",
          "person",
          List.of("id"),
          List.of(
              ComputedColumn.of("first_name", "split_part(full_name, ' ', 1)"),
              ComputedColumn.of("last_name", "split_part(full_name, ' ', 2)")),
          List.of(
              ComputedColumn.of("full_name", "first_name || ' ' || last_name"),
              ComputedColumn.of("initial", "left(first_name, 1)")),
          List.of(),
          List.of("person_name_idx"),
          Migration.Options.NONE);

  private static final String CHANGESET =
      """
      --liquibase formatted sql

      --changeset test:drop labels:other,contract runInTransaction:false splitStatements:false
      DO $$
      BEGIN
        PERFORM FROM migration_state
          WHERE name = 'other' AND phase = 3 AND drained_at IS NOT NULL FOR NO KEY UPDATE;
        ALTER TABLE person DROP COLUMN first_name, DROP COLUMN last_name;
        UPDATE migration_state SET contracted_at = now() WHERE name = 'other';
      END $$;
      """;

  private static final String COLUMNS =
      "SELECT attname FROM pg_attribute WHERE attrelid = 'person'::regclass AND attnum > 0"
          + " AND NOT attisdropped ORDER BY attnum";

  @TempDir private Path directory;
  @Inject EngineDatabase database;
  @Inject Pool pool;
  @Inject PhaseStore store;
  @Inject Instances instances;
  @Inject GateEvaluator gates;
  @Inject IndexBuilds builds;
  @Inject LiquibaseFactory liquibase;
  @Inject MigrationConfig config;
  @Inject ObjectMapper json;

  @BeforeEach
  void create() throws Exception {
    database.reset();
    database.run(
        "CREATE TABLE person (id int PRIMARY KEY, first_name text, last_name text,"
            + " full_name text NOT NULL, initial text)");
    database.run("CREATE INDEX person_name_idx ON person (last_name, first_name)");
    database.run(
        "INSERT INTO migration_state (name, phase, epoch, drained_at)"
            + " VALUES ('other', 3, 3, now())");
  }

  @AfterEach
  void drop() {
    database.run("DELETE FROM databasechangelog WHERE author = 'test'");
    database.run("DELETE FROM migration_history WHERE migration = 'other'");
    database.run("DELETE FROM migration_state WHERE name = 'other'");
    database.run("DROP TABLE person CASCADE");
  }

  private Certificate contract(String changesets) throws IOException {
    // Liquibase remembers for each file that nothing was left to do
    String file = "contract-" + changesets.hashCode() + ".sql";
    Files.writeString(directory.resolve(file), changesets);
    SchemaChanges changes =
        new SchemaChanges(database.source(), new PrimaryLine(), new Own(file), builds, config);
    return Engine.await(
        new OldColumnDrop(pool, store, instances, gates, changes, json)
            .contract(MERGE, Engine.TEST));
  }

  /** The changesets of this test's directory instead of the program's. */
  private final class Own extends LiquibaseFactory {
    private final String file;

    Own(String file) {
      super(liquibase.getConfiguration(), database.source(), liquibase.getDataSourceName());
      this.file = file;
    }

    @Override
    public Liquibase createLiquibase() {
      try {
        return new Liquibase(
            file,
            new DirectoryResourceAccessor(directory),
            DatabaseFactory.getInstance()
                .findCorrectDatabaseImplementation(
                    new JdbcConnection(database.source().getConnection())));
      } catch (LiquibaseException | SQLException | IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private long certificates() {
    return database.number(
        "SELECT count(*) FROM migration_history WHERE migration = 'other' AND kind = 'contract'");
  }

  @Test
  void dropsAllOldColumns() throws Exception {
    Certificate certificate = contract(CHANGESET);
    assertThat(certificate.droppedColumns()).containsExactly("first_name", "last_name");
    assertThat(certificate.keptColumns()).containsExactly("full_name", "initial");
    assertThat(certificate.gates())
        .extracting(Verdict::reason)
        .contains(
            "full_name is NOT NULL", "first_name and last_name exist", "nothing depends on them");
    assertThat(database.rows(COLUMNS)).containsExactly("id", "full_name", "initial");
    assertThat(certificates()).isOne();
  }

  /** Also by none at all: the certificate would speak of columns that still exist. */
  @Test
  void failsIfAColumnIsLeft() throws Exception {
    assertThatThrownBy(() -> contract("--liquibase formatted sql\n"))
        .isInstanceOf(SchemaFailed.class)
        .hasMessage(
            "no changeset with the labels other and contract drops first_name, last_name of"
                + " person");
    assertThat(certificates()).isZero();
    String forgetful = CHANGESET.replace(", DROP COLUMN last_name", "");
    assertThatThrownBy(() -> contract(forgetful)).hasMessageContaining("drops last_name of person");
  }

  /** Each column is looked at, not the first one only. */
  @Test
  void namesWhatIsNotRight() throws Exception {
    database.run("CREATE VIEW family AS SELECT last_name FROM person");
    database.run("ALTER TABLE person ALTER full_name DROP NOT NULL");
    assertRefused("view family", "full_name and initial accept NULL");
    database.run("DROP VIEW family");
    database.run("ALTER TABLE person ALTER initial SET NOT NULL");
    database.run("ALTER TABLE person DROP COLUMN last_name");
    assertRefused("last_name was dropped");
  }

  private void assertRefused(String... reasons) {
    assertThatThrownBy(() -> contract(CHANGESET))
        .isInstanceOfSatisfying(
            Refused.class,
            refused ->
                assertThat(
                        String.join("; ", refused.closed().stream().map(Verdict::reason).toList()))
                    .contains(reasons));
    assertThat(certificates()).isZero();
  }
}
