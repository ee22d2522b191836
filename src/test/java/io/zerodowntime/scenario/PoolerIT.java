package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.PgBouncer;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole migration forward under traffic, with PgBouncer between two instances and the server,
 * which is killed and started again several times in the middle of it.
 */
@Tag("protocol")
class PoolerIT {
  private static final int ROWS = 20_000;

  /** Of the server; two instances have 48 connections to the pooler for requests. */
  private static final int SHARED_SESSIONS = 10;

  /** Two instances with 35 each, and what a restart leaves behind for a moment. */
  private static final int OWN_SESSIONS = 90;

  /** Each breaks connections under a handful of writes. */
  private static final int RESTARTS = Integer.getInteger("pooler.restarts", 5);

  private static final List<String> SETTINGS =
      List.of(
          "default_transaction_isolation = 'read committed'",
          "statement_timeout = '20500ms'",
          "lock_timeout = '1s'",
          "idle_in_transaction_session_timeout = '30s'");

  @TempDir Path directory;

  private final TestDatabase database = TestPostgres.create(PoolerIT.class);
  private final String role = "role_" + database.name();
  private final OrdersTable table = new OrdersTable(database);
  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);

  @ParameterizedTest
  @ValueSource(strings = {"session", "transaction"})
  void theMigrationGoesForwardThroughAPooler(String mode) throws Exception {
    boolean shared = mode.equals("transaction");
    createRole(shared ? SETTINGS : List.of());
    try (PgBouncer pooler =
            PgBouncer.start(
                directory.resolve("pooler"),
                database.port(),
                mode,
                shared ? SHARED_SESSIONS : OWN_SESSIONS,
                role);
        Fleet fleet = new Fleet(directory, database, settings(pooler, shared))) {
      fleet.run(0, "expand");
      table.ask(LegacyOrders.load(ROWS));
      table.ask("ANALYZE orders");
      fleet.serve();
      fleet.serve();
      underTraffic(fleet, pooler);
    }
    assertThat(ledger.complaintsAboutUnknown()).isEmpty();
    assertThat(table.compare(ledger, "status")).isEmpty();
    assertThat(table.ask("SELECT count(*) FROM parity_mismatch")).isEqualTo("0");
  }

  private void createRole(List<String> settings) {
    // of its own settings, and else the owner of what the tests look at
    table.ask("CREATE ROLE " + role + " LOGIN SUPERUSER");
    settings.forEach(setting -> table.ask("ALTER ROLE " + role + " SET " + setting));
  }

  private Map<String, String> settings(PgBouncer pooler, boolean shared) {
    Map<String, String> settings = new HashMap<>();
    settings.put("DATABASE_URL", as(pooler.url(database.name())));
    if (shared) {
      settings.put("DATABASE_DIRECT_URL", as(database.url()));
    }
    settings.put("MIGRATION_AUTO_EXPAND", "true");
    settings.put("REQUEST_DEADLINE", "20s");
    return settings;
  }

  private String as(String url) {
    return url.replace("postgres@", role + "@");
  }

  private void underTraffic(Fleet fleet, PgBouncer pooler) throws Exception {
    MigrationWalk walk = new MigrationWalk(fleet, table, 0);
    try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("phase 0")) {
      goOn();
      traffic.stage("to phase 1");
      walk.toDualWrite();
      traffic.stage("the pooler is killed");
      for (int restart = 0; restart < RESTARTS; restart++) {
        pooler.restart();
        goOn();
      }
      traffic.stage("backfill, to phase 2");
      walk.toReadNew();
      goOn();
      traffic.stage("to phase 3");
      walk.toContract();
      goOn();
      traffic.stage("drop");
      walk.drop();
      goOn();
      traffic.close();
      traffic.summary().forEach(System.out::println);
      // a client is told to send again what found no connection within a second
      List<String> failures = traffic.failures().first();
      assertThat(failures)
          .as("%s%n%s", failures, fleet.output())
          .allMatch(failure -> failure.contains("urn:problem:busy"));
    }
  }

  private void goOn() {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }
}
