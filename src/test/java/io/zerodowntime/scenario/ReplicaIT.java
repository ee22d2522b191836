package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.MetricsScrape;
import io.zerodowntime.testing.PostgresServer;
import io.zerodowntime.testing.ReferencePage;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.ServiceProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Orders are read from two replicas while the migration goes on and the replicas are slow, frozen,
 * killed and promoted: no client misses its own write, and no request fails.
 */
@Tag("protocol")
@Tag("alone")
class ReplicaIT {
  private static final int ROWS = 500;
  private static final int CLIENTS = 4;
  private static final Duration MAX_LAG = Duration.ofSeconds(2);

  /** What a stranger is shown may be so old, and a read at its deadline as much older. */
  private static final Duration OLDEST = MAX_LAG.plusSeconds(5);

  @TempDir Path directory;

  private final Failures failures = new Failures();
  private final PacedThreads threads = new PacedThreads(failures);
  private ReplicatedServers servers;
  private Fleet fleet;
  private ServiceProcess instance;
  private MigrationWalk walk;

  @BeforeEach
  void start() throws Exception {
    servers = new ReplicatedServers(Files.createDirectory(directory.resolve("servers")), 2);
    fleet =
        new Fleet(
            directory,
            servers.primary().database(),
            Map.of(
                "READ_REPLICA_URL",
                servers.replicaUrl("postgres"),
                "MAX_REPLICA_LAG",
                MAX_LAG.toSeconds() + "s",
                "MIGRATION_AUTO_EXPAND",
                "true"));
    EngineSchema.create(servers.primary().database());
    OrdersTable table = new OrdersTable(servers.primary().database());
    table.ask(LegacyOrders.load(ROWS));
    instance = fleet.serve();
    walk = new MigrationWalk(fleet, table, 0);
  }

  @AfterEach
  void end() throws Exception {
    threads.close();
    fleet.close();
    servers.close();
  }

  @Test
  void noClientMissesItsOwnWriteAndNoRequestFails() throws Exception {
    awaitInRotation(2);
    for (int number = 0; number < CLIENTS; number++) {
      threads.run(
          "client-" + number,
          new OwnWrites(number, fleet.addresses().get(0), number % 2 == 0, OLDEST, failures));
    }
    walk.toDualWrite();
    slow(servers.replica(1));
    frozen(servers.replica(1));
    killed(servers.replica(2));
    walk.toReadNew();
    promoted(servers.replica(1));
    goOn("caught_up", 50);
    threads.close();

    System.out.println(readsByReason());
    assertThat(failures.first()).as(fleet.output()).isEmpty();
    assertThat(readsByReason()).hasEntrySatisfying("any", n -> assertThat(n).isPositive());
    metricsAreDocumented();
  }

  /**
   * A replica that applies each commit late: own reads wait in vain, and strangers see the past.
   */
  private void slow(PostgresServer replica) throws Exception {
    replica.execute(
        "ALTER SYSTEM SET recovery_min_apply_delay = '700ms'", "SELECT pg_reload_conf()");
    goOn("any", 50);
    goOn("caught_up", 50);
    replica.execute("ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()");
  }

  private void frozen(PostgresServer replica) throws Exception {
    replica.freeze();
    try {
      awaitInRotation(1);
      goOn("any", 50);
    } finally {
      replica.thaw();
    }
    awaitInRotation(2);
  }

  private void killed(PostgresServer replica) throws Exception {
    replica.kill();
    awaitInRotation(1);
    goOn("any", 50);
    replica.start();
    awaitInRotation(2);
  }

  private void promoted(PostgresServer replica) throws Exception {
    replica.promote();
    awaitInRotation(1);
    await().until(() -> fleet.output().contains("is out of rotation: it is not a standby"));
    goOn("any", 50);
  }

  private void awaitInRotation(int count) {
    await().until(() -> sum("database_replica_in_rotation\\{.*} ") == count);
  }

  private void goOn(String reason, int reads) throws IOException, InterruptedException {
    long before = readsByReason().getOrDefault(reason, 0L);
    await().until(() -> readsByReason().getOrDefault(reason, 0L) > before + reads);
  }

  private long sum(String series) throws IOException, InterruptedException {
    Matcher values = Pattern.compile("(?m)^" + series + "([0-9.]+)$").matcher(metrics());
    return (long) values.results().mapToDouble(each -> Double.parseDouble(each.group(1))).sum();
  }

  private Map<String, Long> readsByReason() throws IOException, InterruptedException {
    Map<String, Long> reads = new TreeMap<>();
    Pattern.compile("(?m)^database_replica_reads_total\\{.*reason=\"(\\w+)\".*} ([0-9.]+)$")
        .matcher(metrics())
        .results()
        .forEach(each -> reads.put(each.group(1), (long) Double.parseDouble(each.group(2))));
    return reads;
  }

  private String metrics() throws IOException, InterruptedException {
    return instance.ask("/q/metrics").body();
  }

  private void metricsAreDocumented() throws IOException, InterruptedException {
    Map<String, String> documented = new TreeMap<>();
    ReferencePage.read(Path.of("docs/reference.md"))
        .rows("replica metric")
        .forEach(
            row ->
                documented.put(
                    ReferencePage.code(row.get(0)),
                    row.get(1) + " " + new TreeSet<>(ReferencePage.inside(row.get(2)))));
    assertThat(MetricsScrape.of(metrics()).families("database_replica_[a-z_]+"))
        .containsExactlyInAnyOrderEntriesOf(documented);
  }
}
