package io.zerodowntime.migration.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.SchemaFailed;
import io.zerodowntime.testing.OneToOne;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the files of a directory run behind the program's own, whatever its name is. */
@OnSchemaServer
class ChangelogDirectoryTest {
  private static final Migration MIGRATION =
      OneToOne.migration(
          "document-kind",
          "document",
          List.of("id"),
          "old_kind",
          "kind",
          "lower(old_kind)",
          "upper(kind)");

  private static final String EXPAND =
      """
      --liquibase formatted sql
      --changeset a:%s labels:document-kind,expand
      ALTER TABLE document ADD COLUMN %1$s text;
      """;

  private final SchemaTestDatabase database = new SchemaTestDatabase();
  @TempDir private Path directory;

  @BeforeEach
  void create() {
    database.run(
        "CREATE TABLE document (id bigint PRIMARY KEY, old_kind text)",
        "ALTER TABLE document OWNER TO " + database.owner());
  }

  @Test
  void filesRunOnceInTheOrderOfTheirNames() throws Exception {
    write("020.sql", EXPAND.formatted("second"));
    write("010.sql", EXPAND.formatted("first"));
    write("migrations.yaml", "migrations: {}");
    Files.createDirectory(directory.resolve("sub.sql"));
    assertThat(expand(directory).changesets()).hasSize(15).endsWith("first", "second");
    assertThat(expand(directory).changesets()).isEmpty();
    assertThat(database.list("SELECT filename FROM databasechangelog ORDER BY orderexecuted"))
        .endsWith("010.sql", "020.sql");
  }

  /** Also where an earlier run of the same process found nothing to do. */
  @Test
  void filesAreReadAgainForEachRun() throws Exception {
    assertThat(expand(directory).changesets()).hasSize(13);
    assertThat(expand(directory).changesets()).isEmpty();
    write("010.sql", EXPAND.formatted("first"));
    assertThat(expand(directory).changesets()).containsExactly("first");
  }

  /** A mounted ConfigMap is a directory of links, and another path is another directory. */
  @Test
  void aFileIsTheSameInAnotherDirectory() throws Exception {
    write("010.sql", EXPAND.formatted("first"));
    expand(directory);
    Path volume = Files.createDirectory(directory.resolve("volume"));
    Path version = Files.createDirectory(volume.resolve("..2026"));
    Files.copy(directory.resolve("010.sql"), version.resolve("010.sql"));
    Files.createSymbolicLink(volume.resolve("..data"), Path.of("..2026"));
    Files.createSymbolicLink(volume.resolve("010.sql"), Path.of("..data/010.sql"));
    assertThat(expand(volume).changesets()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALTER TABLE document ADD COLUMN a text | first line must be: --liquibase formatted sql",
        "--liquibase formatted sql\\n--changeset a:1\\nSELECT 1 | changeset 1: the labels must be",
        "--liquibase formatted sql\\n--changeset a:1 labels:initial\\nSELECT 1 | and are: initial",
        "--liquibase formatted sql\\n--changeset a:1 labels:m,expand,index\\nSELECT 1 | must be a"
      })
  void aFileThatIsNoChangelogEndsTheRunWithOneLine(String text, String reason) throws Exception {
    write("bad.sql", text.replace("\\n", "\n"));
    assertThatThrownBy(() -> expand(directory))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageStartingWith("CHANGELOG_DIR: " + directory.resolve("bad.sql") + ": ")
        .hasMessageContaining(reason)
        .hasMessageNotContaining("\n");
    assertThat(database.list("SELECT to_regclass('migration_state')")).containsOnlyNulls();
  }

  @Test
  void aFileThatWasEditedAfterItsRunEndsTheRunWithOneLine() throws Exception {
    write("010.sql", EXPAND.formatted("first"));
    expand(directory);
    write("010.sql", EXPAND.formatted("first").replace("text", "varchar(9)"));
    assertThatThrownBy(() -> expand(directory))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageContaining("010.sql::first::a was")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aDirectoryThatIsNotThereEndsTheRunWithOneLine() {
    assertThatThrownBy(() -> expand(directory.resolve("none")))
        .isInstanceOf(SchemaFailed.class)
        .hasMessageStartingWith("CHANGELOG_DIR: ")
        .hasMessageContaining(directory.resolve("none").toString())
        .hasMessageNotContaining("\n");
  }

  private SchemaReport expand(Path from) {
    DataSource source = database.as("zerodowntime");
    return new SchemaRunner(
            source,
            new ChangelogDirectory(from).behind(database.liquibase(source)),
            Duration.ofSeconds(30),
            Duration.ofSeconds(1))
        .apply(MIGRATION, SchemaStage.EXPAND);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
