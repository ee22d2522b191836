package io.zerodowntime.scenario;

import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The table of {@code examples/node-service} in phase 0, with one controller beside it. */
final class ShopOrders implements AutoCloseable {
  static final String MIGRATION = "shop-order-status";
  private static final Path EXAMPLE = Path.of("examples/node-service").toAbsolutePath();

  private final TestDatabase database;
  private final Queries queries;
  private final Fleet fleet;
  private final FlagFiles flags;
  private final MigrationWalk walk;
  private final List<WriterProcess> writers = new ArrayList<>();
  private ServiceProcess controller;

  /**
   * @param test names the database
   * @param directory for flags and output, an empty one
   */
  ShopOrders(Class<?> test, Path directory) throws Exception {
    database = TestPostgres.create(test);
    queries = new Queries(database);
    queries.ask(Files.readString(EXAMPLE.resolve("table.sql")));
    fleet =
        new Fleet(
            directory,
            database,
            Map.of(
                "MIGRATIONS_FILE", EXAMPLE.resolve("migrations.yaml").toString(),
                "CHANGELOG_DIR", EXAMPLE.resolve("changelog").toString(),
                "MIGRATION_AUTO_EXPAND", "true",
                "MIGRATION_INSTANCE_TIMEOUT", "6s",
                "HEARTBEAT_INTERVAL", "250ms"));
    flags = fleet.flags(MIGRATION);
    flags.edit(0);
    fleet.run(0, "expand");
    controller = fleet.serve();
    walk = new MigrationWalk(flags, this::phase, fleet.operator(0, MIGRATION));
  }

  /** The same table without a controller, and in no migration. */
  static TestDatabase unregistered(Class<?> test) throws IOException {
    TestDatabase other = TestPostgres.create(test);
    Queries queries = new Queries(other);
    queries.ask(Files.readString(EXAMPLE.resolve("table.sql")));
    queries.ask("ALTER TABLE shop_orders ADD status varchar(50)");
    queries.ask("CREATE TABLE migration_state (name text PRIMARY KEY, phase smallint NOT NULL)");
    return other;
  }

  TestDatabase database() {
    return database;
  }

  /** Starts a writer, which ends with this. */
  WriterProcess writer(String name, List<String> command) throws IOException {
    WriterProcess writer = new WriterProcess(name, command, writers.size() + 1, database);
    writers.add(writer);
    return writer;
  }

  /** Starts the same writer anew; it has seen no phase. */
  WriterProcess startAgain(WriterProcess writer) throws IOException {
    writer.close();
    WriterProcess another = writer.another(database);
    writers.add(another);
    return another;
  }

  String ask(String sql) {
    return queries.ask(sql);
  }

  /** For example {@code 1}, or {@code 1 draining}. */
  String phase() {
    return queries.phase(MIGRATION);
  }

  String steps() {
    return queries.steps(MIGRATION);
  }

  FlagFiles flags() {
    return flags;
  }

  MigrationWalk walk() {
    return walk;
  }

  Operator operator() {
    return fleet.operator(0, MIGRATION);
  }

  /** Ends the controller by SIGKILL, and starts another one in its place. */
  void killController() throws Exception {
    controller.signal("KILL");
    controller.awaitExit();
    controller = fleet.serveAgain(0);
  }

  /** What the controller and the commands wrote. */
  String output() {
    return fleet.output();
  }

  @Override
  public void close() {
    writers.forEach(WriterProcess::close);
    fleet.close();
  }
}
