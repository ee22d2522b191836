package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server that ends sessions, or restarts. Reads and keyed writes come through; an un-keyed write
 * may be answered that its outcome is unknown, and nothing worse. The instances serve on from one
 * test to the next.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseRestartIT {
  private static final int ROWS = 2000;
  private static final String END_SESSIONS =
      """
      SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
      """;

  @TempDir static Path directory;

  private EmbeddedPostgres server;
  private TestDatabase database;
  private OrdersTable table;
  private Ledger ledger;
  private Fleet fleet;
  private List<ServiceProcess> instances;

  @BeforeAll
  void start() throws Exception {
    server = server(0);
    database = new TestDatabase("postgres", server.getPort());
    table = new OrdersTable(database);
    ledger = new Ledger(ROWS, LegacyOrders::status);
    fleet = new Fleet(directory, database, Map.of());
    EngineSchema.create(database);
    table.ask(LegacyOrders.load(ROWS));
    instances = List.of(fleet.serve(), fleet.serve());
  }

  private static EmbeddedPostgres server(int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(directory.resolve("data"))
        .setCleanDataDirectory(false)
        .setPort(port)
        .start();
  }

  @AfterAll
  void end() throws Exception {
    fleet.close();
    server.close();
  }

  @Test
  void sessionsAreEndedOverAndOver() throws Exception {
    underTraffic(
        "sessions ended",
        () -> {
          for (int i = 0; i < 10; i++) {
            try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
              statement.execute(END_SESSIONS);
            }
            goOn(10);
          }
        });
  }

  @Test
  void theServerRestarts() throws Exception {
    String began = table.ask("SELECT pg_postmaster_start_time()");
    underTraffic(
        "restart",
        () -> {
          int port = server.getPort();
          server.close();
          server = server(port);
        });
    assertThat(table.ask("SELECT pg_postmaster_start_time()")).isNotEqualTo(began);
  }

  /** Every instance shares it: none of them can serve better than this one. */
  @Test
  void anInstanceStaysReadyWhileTheServerIsAway() throws Exception {
    int port = server.getPort();
    server.close();
    awaitReachable("0.0");
    for (ServiceProcess instance : instances) {
      HttpResponse<String> ready = instance.ask("/q/health/ready");
      assertThat(ready.statusCode()).as(ready.body()).isEqualTo(200);
      assertThat(ready.body()).contains("away since 20");
      assertThat(instance.get("/health")).isEqualTo(200);
    }
    server = server(port);
    awaitReachable("1.0");
    assertThat(instances.get(0).ask("/q/health/ready").body()).contains("reachable");
  }

  /** A connection that was idle for long may be closed just when it is used again. */
  private void awaitReachable(String value) {
    await()
        .ignoreExceptionsInstanceOf(IOException.class)
        .untilAsserted(
            () -> {
              for (ServiceProcess instance : instances) {
                assertThat(instance.ask("/q/metrics").body())
                    .as(fleet.output())
                    .contains("\ndatabase_reachable " + value + "\n");
              }
            });
  }

  private void underTraffic(String what, Trouble trouble) throws Exception {
    try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("before")) {
      goOn(200);
      traffic.stage(what);
      trouble.make();
      traffic.stage("after");
      goOn(200);
      traffic.close();
      traffic.summary().forEach(System.out::println);
      System.out.println(traffic.failures().broken().size() + " writes whose connection broke");
      assertThat(traffic.failures().first()).as(fleet.output()).isEmpty();
    }
    assertThat(ledger.complaintsAboutUnknown()).isEmpty();
    assertThat(table.compare(ledger, "lower(old_status)")).isEmpty();
  }

  private void goOn(int writes) {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + writes);
  }

  private interface Trouble {
    void make() throws IOException, SQLException;
  }
}
