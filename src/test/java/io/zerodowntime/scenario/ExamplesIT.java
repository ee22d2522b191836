package io.zerodowntime.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.migration.DefinitionFiles;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each directory of {@code examples/} works as it stands: its table goes forward to phase 3, back
 * to 1, forward again, and loses its old columns, while writers write, and no write is lost.
 */
@Tag("examples")
class ExamplesIT {
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();

  /** {@code -Dexample=customers} runs that one alone. */
  private static final String ONLY = System.getProperty("example", "");

  @TempDir Path directory;

  private final TestDatabase database = TestPostgres.create(ExamplesIT.class);
  private final Queries queries = new Queries(database);
  private Path example;
  private List<Migration> migrations;
  private Fleet fleet;
  private DatabaseTraffic traffic;
  private List<MigrationWalk> walks;

  static Stream<String> examples() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .filter(Files::isDirectory)
          .map(file -> file.getFileName().toString())
          .filter(name -> ONLY.isEmpty() || ONLY.equals(name))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void theTableMovesWhileItIsWritten(String name) throws Exception {
    example = EXAMPLES.resolve(name);
    migrations = DefinitionFiles.read(example.resolve("migrations.yaml"));
    Map<String, String> settings =
        Map.of(
            "MIGRATIONS_FILE",
            example.resolve("migrations.yaml").toString(),
            "CHANGELOG_DIR",
            example.resolve("changelog").toString(),
            "MIGRATION_AUTO_EXPAND",
            "true",
            "HEARTBEAT_INTERVAL",
            "250ms");
    queries.ask(Files.readString(example.resolve("table.sql")));
    if (name.equals("customers")) {
      giveTheEngineASchemaOfItsOwn();
    }
    try (Fleet processes = new Fleet(directory, database, settings)) {
      fleet = processes;
      thePlanIsTheSame();
      start();
      try (DatabaseTraffic writers = new DatabaseTraffic(database, migrations)) {
        traffic = writers;
        forward();
        back();
        if (movesKey()) {
          backToExpand();
          forward();
        } else {
          readNewAndContract();
        }
        drop();
      }
      assertThat(traffic.failures()).as(fleet.output()).isEmpty();
    }
    judge(name);
  }

  /** Where the service has a table of a name that the engine needs. */
  private void giveTheEngineASchemaOfItsOwn() {
    queries.ask("CREATE TABLE backfill_progress (mine int)");
    queries.ask("CREATE SCHEMA engine");
    queries.ask("ALTER DATABASE " + database.name() + " SET search_path = engine, public");
  }

  /** The changelog files are those that the program writes. */
  private void thePlanIsTheSame() throws Exception {
    fleet.run(0, "plan", "--write", directory.resolve("plan").toString());
    assertThat(texts(directory.resolve("plan"))).isEqualTo(texts(example.resolve("changelog")));
  }

  private static Map<String, String> texts(Path of) throws IOException {
    Map<String, String> texts = new TreeMap<>();
    try (Stream<Path> files = Files.list(of)) {
      for (Path file : files.toList()) {
        texts.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return texts;
  }

  private void start() throws Exception {
    for (Migration migration : migrations) {
      fleet.flags(migration.name()).edit(0);
    }
    fleet.run(0, "expand");
    fleet.serve();
    fleet.serve();
    walks =
        migrations.stream()
            .map(
                migration ->
                    new MigrationWalk(
                        fleet.flags(migration.name()),
                        () -> queries.phase(migration.name()),
                        fleet.operator(1, migration.name())))
            .toList();
  }

  // one migration after the other takes each step: the phases of two differ in between
  private void forward() throws Exception {
    goOn();
    for (int i = 0; i < walks.size(); i++) {
      walks.get(i).toDualWrite();
      goOn();
      fleet.run(0, "backfill", migrations.get(i).name());
      fleet.run(0, "verify", migrations.get(i).name());
    }
    readNewAndContract();
  }

  private void back() throws Exception {
    for (MigrationWalk walk : walks) {
      walk.backToReadNew();
      goOn();
    }
    theSidesAgree();
    for (MigrationWalk walk : walks) {
      walk.backToDualWrite();
      goOn();
    }
  }

  private boolean movesKey() {
    return migrations.stream().anyMatch(Migration::movesKey);
  }

  /** Keys go all the way back; the tables that refer to one go before it. */
  private void backToExpand() throws Exception {
    for (int i = walks.size() - 1; i >= 0; i--) {
      walks.get(i).toExpand();
      goOn();
    }
  }

  private void readNewAndContract() throws Exception {
    for (MigrationWalk walk : walks) {
      walk.toReadNew();
      goOn();
    }
    theSidesAgree();
    for (MigrationWalk walk : walks) {
      walk.toContract();
      goOn();
    }
  }

  private void drop() throws Exception {
    for (MigrationWalk walk : walks) {
      walk.drop();
      goOn();
    }
  }

  private void theSidesAgree() throws IOException {
    assertThat(queries.ask(Files.readString(example.resolve("check.sql")))).isEqualTo("0");
  }

  private void goOn() {
    long before = traffic.acknowledgedWrites();
    await().until(() -> traffic.acknowledgedWrites() > before + 100);
  }

  private ConditionFactory await() {
    return Timeouts.await()
        .failFast(() -> assertThat(traffic.failures()).as(fleet.output()).isEmpty());
  }

  private void judge(String name) throws Exception {
    assertThat(traffic.complaints()).isEmpty();
    for (Migration migration : migrations) {
      assertThat(queries.steps(migration.name()))
          .isEqualTo(movesKey() ? "01 12 23 32 21 10 01 12 23 33" : "01 12 23 32 21 12 23 33");
      assertThat(queries.columns(migration.table()))
          .doesNotContainAnyElementsOf(
              migration.options().restoreNames() ? migration.newNames() : migration.oldNames());
    }
    System.out.println(name + ": " + traffic.summary());
  }
}
