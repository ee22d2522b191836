package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The primary is killed and its standby promoted, while two instances that name both hosts serve
 * traffic and a backfill.
 */
@Tag("protocol")
class FailoverIT {
  private static final int ROWS = 20_000;

  @TempDir Path directory;

  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
  private ReplicatedServers servers;
  private Fleet fleet;

  @BeforeEach
  void start() throws Exception {
    servers = new ReplicatedServers(Files.createDirectory(directory.resolve("servers")), 1);
  }

  private void serve() throws Exception {
    String url =
        "postgresql://postgres@localhost:%d,localhost:%d/postgres"
            .formatted(servers.primary().port(), servers.replica(1).port());
    fleet =
        new Fleet(
            directory,
            servers.primary().database(),
            Map.of(
                "DATABASE_URL",
                url + "?sslmode=disable&target_session_attrs=read-write",
                "MIGRATION_AUTO_EXPAND",
                "true",
                "REQUEST_DEADLINE",
                "30s",
                "BACKFILL_BATCH_SIZE",
                "100"));
    EngineSchema.create(servers.primary().database());
    table(servers.primary()).ask(LegacyOrders.load(ROWS));
    fleet.serve();
    fleet.serve();
  }

  @AfterEach
  void end() throws Exception {
    if (fleet != null) {
      fleet.close();
    }
    servers.close();
  }

  private static OrdersTable table(PostgresServer server) {
    return new OrdersTable(server.database());
  }

  @Test
  void aSynchronousStandbyTakesOverAndNothingIsLost() throws Exception {
    servers
        .primary()
        .execute("ALTER SYSTEM SET synchronous_standby_names = 'r1'", "SELECT pg_reload_conf()");
    await().until(() -> standbys("sync_state = 'sync'") == 1);
    serve();
    OrdersTable promoted = table(servers.replica(1));
    Operator operator = fleet.operator(0);
    try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("phase 0")) {
      goOn();
      new MigrationWalk(fleet, table(servers.primary()), 0).toDualWrite();
      traffic.stage("backfill");
      assertThat(operator.post("backfill").statusCode()).isEqualTo(202);
      await().until(() -> operator.status().at("/backfill/scannedRows").asLong() > 500);
      traffic.stage("failover");
      servers.primary().kill();
      servers.replica(1).promote();
      goOn();
      assertThat(promoted.ask("SELECT state FROM backfill_run ORDER BY id LIMIT 1"))
          .as("it was in the middle of it")
          .isEqualTo("running");
      traffic.stage("the rest of the backfill, to phase 2");
      new MigrationWalk(fleet, promoted, 0).awaitCleanParity();
      fleet.flags().edit(2);
      new MigrationWalk(fleet, promoted, 0).awaitPhase("2");
      goOn();
      traffic.close();
      traffic.summary().forEach(System.out::println);
      System.out.println(traffic.failures().broken().size() + " writes whose connection broke");
      // a client is told to send again what found no connection within a second
      assertThat(traffic.failures().first())
          .as(fleet.output())
          .allMatch(failure -> failure.contains("urn:problem:busy"));
    }
    assertThat(ledger.complaintsAboutUnknown()).isEmpty();
    assertThat(promoted.compare(ledger, "status")).isEmpty();
    assertThat(promoted.ask("SELECT count(*) FROM parity_mismatch")).isEqualTo("0");
  }

  /** The standby had stopped to receive before the step, so it knows of none of what follows. */
  @Test
  void whatAnAsynchronousStandbyLosesIsLostAsAWhole() throws Exception {
    serve();
    OrdersTable promoted = table(servers.replica(1));
    Operator operator = fleet.operator(0);
    try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("phase 0")) {
      goOn();
      stopReceiving(servers.replica(1));
      new MigrationWalk(fleet, table(servers.primary()), 0).toDualWrite();
      assertThat(operator.post("backfill").statusCode()).isEqualTo(202);
      await().until(() -> operator.status().at("/backfill/scannedRows").asLong() > 500);
      servers.primary().kill();
      servers.replica(1).promote();
      // the step is taken again, by the fleet that asks for it, and begins an epoch of its own
      new MigrationWalk(fleet, promoted, 0).awaitPhase("1");
      assertThat(promoted.ask("SELECT count(*) FROM backfill_run"))
          .as("no run of the epoch that was lost")
          .isEqualTo("0");
    }
    long before = ledger.acknowledgedWrites();
    assertThat(before).isPositive();
    assertThat(promoted.compare(ledger, "lower(old_status)"))
        .as("acknowledged writes are lost")
        .isNotEmpty();
    new MigrationWalk(fleet, promoted, 0).toReadNew();
    assertThat(
            promoted.ask(
                "SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status)"))
        .isEqualTo("0");
    assertThat(
            promoted.ask(
                "SELECT string_agg(from_phase::text || to_phase, ' ' ORDER BY id)"
                    + " FROM migration_history WHERE kind = 'step'"))
        .isEqualTo("01 12");
  }

  private static void stopReceiving(PostgresServer replica) {
    replica.execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()");
    await().until(() -> replica.ask("SELECT count(*) FROM pg_stat_wal_receiver").equals("0"));
  }

  private long standbys(String state) {
    TestDatabase primary = servers.primary().database();
    return new OrdersTable(primary)
        .count("SELECT count(*) FROM pg_stat_replication WHERE " + state);
  }

  private void goOn() {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }
}
