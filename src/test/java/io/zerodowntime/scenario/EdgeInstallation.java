package io.zerodowntime.scenario;

import io.vertx.core.json.JsonArray;
import io.zerodowntime.testing.OtlpReceiver;
import io.zerodowntime.testing.PgBouncer;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.ReplicatedServers;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestIssuer;
import io.zerodowntime.testing.TokenKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;

/**
 * Two instances with everything on: a replica, Redis, PgBouncer in transaction mode, a receiver of
 * traces, and operators whose tokens come from an issuer.
 */
final class EdgeInstallation implements AutoCloseable {
  private static final String AUDIENCE = "orders-service";
  private static final String ROLE = "orders_service";

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final List<ServiceProcess> instances = new ArrayList<>();
  private final TokenKey key = TokenKey.generate("first");
  private final ReplicatedServers servers;
  private final OrdersTable table;
  private final PgBouncer pooler;
  private final RedisServer redis;
  private final TestIssuer issuer;
  private final Fleet fleet;
  private OtlpReceiver receiver;

  /**
   * Starts all of it; returns when both instances serve.
   *
   * @param deadline of a request
   * @param rows of the table before the migration
   */
  EdgeInstallation(Path directory, Duration deadline, int rows) throws Exception {
    try {
      servers =
          opened(new ReplicatedServers(Files.createDirectory(directory.resolve("servers")), 1));
      TestDatabase primary = servers.primary().database();
      table = new OrdersTable(primary);
      createRole(deadline);
      Path files = directory.resolve("pooler");
      pooler = opened(PgBouncer.start(files, primary.port(), "transaction", 10, ROLE));
      redis = opened(new RedisServer(RedisServer.freePort()));
      receiver = opened(new OtlpReceiver(RedisServer.freePort()));
      issuer = opened(TestIssuer.start(0, key));
      fleet = opened(new Fleet(directory, primary, settings(primary, deadline)));
      fleet.run(0, "expand");
      table.ask(LegacyOrders.load(rows));
      table.ask("ANALYZE orders");
      instances.add(fleet.serve());
      instances.add(fleet.serve());
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.push(resource);
    return resource;
  }

  private void createRole(Duration deadline) {
    // of its own settings, and else the owner of what the tests look at
    table.ask("CREATE ROLE " + ROLE + " LOGIN SUPERUSER");
    List.of(
            "default_transaction_isolation = 'read committed'",
            "statement_timeout = '" + deadline.plusMillis(500).toMillis() + "ms'",
            "lock_timeout = '1s'",
            "idle_in_transaction_session_timeout = '30s'")
        .forEach(setting -> table.ask("ALTER ROLE " + ROLE + " SET " + setting));
  }

  private Map<String, String> settings(TestDatabase primary, Duration deadline) {
    Map<String, String> settings = new HashMap<>();
    settings.put("DATABASE_URL", as(pooler.url(primary.name())));
    settings.put("DATABASE_DIRECT_URL", as(primary.url()));
    settings.put("READ_REPLICA_URL", servers.replicaUrl(primary.name()));
    settings.put("REDIS_URL", "redis://127.0.0.1:" + redis.port());
    settings.put("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    settings.put("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
    settings.put("OTEL_TRACES_SAMPLER_ARG", "0.1");
    settings.put("OIDC_ISSUER_URL", issuer.url());
    settings.put("OIDC_AUDIENCE", AUDIENCE);
    settings.put("REQUEST_DEADLINE", deadline.toSeconds() + "s");
    settings.put("MIGRATION_AUTO_EXPAND", "true");
    // slow, so that it lasts while several edges fail
    settings.put("BACKFILL_BATCH_SIZE", "50");
    settings.put("BACKFILL_DELAY", "200ms");
    settings.put("BACKFILL_TARGET_LOAD", "0.05");
    return settings;
  }

  private static String as(String url) {
    return url.replace("postgres@", ROLE + "@");
  }

  ReplicatedServers servers() {
    return servers;
  }

  OrdersTable table() {
    return table;
  }

  PgBouncer pooler() {
    return pooler;
  }

  RedisServer redis() {
    return redis;
  }

  TestIssuer issuer() {
    return issuer;
  }

  OtlpReceiver receiver() {
    return receiver;
  }

  /** Another receiver where the one before was. */
  void replaceReceiver() throws Exception {
    int port = Integer.parseInt(receiver.endpoint().replaceAll(".*:", ""));
    receiver = opened(new OtlpReceiver(port));
  }

  Fleet fleet() {
    return fleet;
  }

  /** Speaks to the first instance, with a new token for each request. */
  Operator operator() {
    return new Operator(fleet.addresses().get(0), OrdersTable.MIGRATION, this::bearer);
  }

  private String bearer() {
    return "Bearer "
        + key.sign(
            TokenKey.claims(issuer, AUDIENCE, "alice").put("groups", JsonArray.of("operator")));
  }

  /** Ends the second instance as a crash does. */
  void killInstance() throws IOException, InterruptedException {
    instances.get(1).signal("KILL");
    instances.get(1).awaitExit();
  }

  /** Starts it again; returns when it is ready. */
  void startInstance() {
    instances.set(1, fleet.serveAgain(1));
  }

  /** Whether on every instance a metric is more than it is now. */
  Callable<Boolean> grows(String series) throws IOException, InterruptedException {
    List<Double> before = values(series);
    return () -> {
      List<Double> now = values(series);
      boolean all = true;
      for (int i = 0; i < now.size(); i++) {
        all &= now.get(i) > before.get(i);
      }
      return all;
    };
  }

  /** Of each instance, the sum of the samples that a regular expression finds. */
  List<Double> values(String series) throws IOException, InterruptedException {
    Pattern sample = Pattern.compile("(?m)^(?:" + series + ") (\\S+)$");
    List<Double> values = new ArrayList<>();
    for (ServiceProcess instance : instances) {
      values.add(
          sample
              .matcher(instance.ask("/q/metrics").body())
              .results()
              .map(each -> each.group(each.groupCount()))
              .mapToDouble(Double::parseDouble)
              .sum());
    }
    return values;
  }

  @Override
  public void close() throws Exception {
    Exception first = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
