package io.zerodowntime.scenario;

import static io.zerodowntime.testing.Timeouts.await;
import static io.zerodowntime.testing.Timeouts.awaitRun;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard and the alerts on a real Prometheus that scrapes a real instance, with a replica
 * and Redis: through a migration to phase 1, and while another session locks the table. The windows
 * of the rules are shortened, nothing else of them is changed.
 */
@Tag("alone")
@RequiresRedis
class MonitoringIT {
  private static final Path MONITORING = Path.of("src/main/monitoring");
  private static final Pattern WINDOW = Pattern.compile("(\\[|for: |offset )(\\d+)([smhd])");
  private static final Map<String, Integer> SECONDS =
      Map.of("s", 1, "m", 60, "h", 3600, "d", 86400);

  /** A window of an hour lasts four seconds; none is shorter than what a rate needs. */
  private static final int SHORTER = 1440;

  private static final int SHORTEST = 4;

  private static final Set<String> OBJECTIVES =
      Set.of(
          "OrdersErrorBudgetBurnsFast",
          "OrdersErrorBudgetBurnsSlowly",
          "OrdersLatencyBudgetBurnsFast",
          "OrdersLatencyBudgetBurnsSlowly");

  @TempDir Path directory;

  private ReplicatedServers servers;
  private TestDatabase database;
  private OrdersTable table;

  @BeforeEach
  void startServers() throws Exception {
    servers = new ReplicatedServers(Files.createDirectory(directory.resolve("servers")), 1);
    database = servers.primary().database();
    table = new OrdersTable(database);
  }

  @AfterEach
  void stopServers() throws IOException {
    servers.close();
  }

  @Test
  void everyPanelHasDataAndTheObjectivesAlertsFireAndClear() throws Exception {
    assumeTrue(
        Prometheus.isInstalled(), "Prometheus is missing; on Debian: apt-get install prometheus");
    try (RedisServer redis = new RedisServer(RedisServer.freePort());
        Fleet fleet = new Fleet(directory, database, settings(redis))) {
      EngineSchema.create(database);
      table.ask(LegacyOrders.load(5000));
      ServiceProcess instance = fleet.serve();
      String rules = shortened(Files.readString(MONITORING.resolve("rules.yaml")));
      try (Prometheus prometheus =
              new Prometheus(
                  Files.createDirectory(directory.resolve("prometheus")),
                  instance.managementPort(),
                  rules);
          SteadyRequests requests = new SteadyRequests(fleet.addresses().get(0))) {
        walk(fleet, requests);
        await().until(() -> noneFires(prometheus));
        try (Connection other = database.dataSource().getConnection();
            Statement lock = other.createStatement()) {
          other.setAutoCommit(false);
          lock.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
          await().until(() -> prometheus.firing().containsAll(OBJECTIVES));
          other.rollback();
        }
        await().until(() -> noneFires(prometheus));
        assertThat(requests.failed()).isPositive();
        everyPanelHasData(prometheus);
      }
    }
  }

  private Map<String, String> settings(RedisServer redis) {
    return Map.of(
        "SHADOW_SAMPLE", "1",
        "BACKFILL_BATCH_SIZE", "200",
        "REQUEST_DEADLINE", "2s",
        "READ_REPLICA_URL", servers.replicaUrl(database.name()),
        "REDIS_URL", "redis://127.0.0.1:" + redis.port());
  }

  private static boolean noneFires(Prometheus prometheus) throws Exception {
    return prometheus.firing().stream().noneMatch(OBJECTIVES::contains);
  }

  private void walk(Fleet fleet, SteadyRequests requests) throws Exception {
    fleet.flags().edit(1);
    await().until(() -> table.phase().equals("1"));
    Operator operator = fleet.operator(0);
    assertThat(operator.post("backfill").statusCode()).isEqualTo(202);
    awaitRun().until(() -> operator.status().at("/parity/state").asText().equals("complete"));
    long before = requests.answered();
    await().until(() -> requests.answered() > before + 100);
  }

  private static void everyPanelHasData(Prometheus prometheus) throws Exception {
    SoftAssertions softly = new SoftAssertions();
    int queries = 0;
    for (JsonNode panel : dashboard()) {
      for (JsonNode target : panel.path("targets")) {
        String expression = target.get("expr").asText();
        List<JsonNode> found =
            prometheus.valuesOf(
                expression
                    .replace("$__rate_interval", "5s")
                    .replace("$namespace", ".*")
                    .replace("$migration", ".*"),
                Duration.ofMinutes(5));
        softly.assertThat(found).as(panel.get("title").asText() + ": " + expression).isNotEmpty();
        queries++;
      }
    }
    softly.assertThat(queries).isGreaterThan(25);
    // alerts ask for them, and no panel does
    for (String name : List.of("database_replica_in_rotation", "redis_circuit_breaker_state")) {
      softly.assertThat(prometheus.valuesOf(name, Duration.ofMinutes(5))).as(name).isNotEmpty();
    }
    softly.assertAll();
  }

  private static List<JsonNode> dashboard() throws IOException {
    String text = Files.readString(MONITORING.resolve("dashboard.json"));
    return StreamSupport.stream(
            new ObjectMapper().readTree(text).get("panels").spliterator(), false)
        .toList();
  }

  private static String shortened(String rules) {
    return WINDOW
        .matcher(rules)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1) + seconds(found.group(2), found.group(3)) + "s"));
  }

  private static int seconds(String count, String unit) {
    return Math.max(SHORTEST, Integer.parseInt(count) * SECONDS.get(unit) / SHORTER);
  }
}
