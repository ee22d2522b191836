package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.MigrationWalk.await;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.GoAway;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Instances that are asked to end, as in every rollout. The balancer before them looks at their
 * readiness and at nothing else.
 */
class GracefulStopIT {
  private static final int ROWS = 2000;
  private static final String BEATING = "SELECT count(*) FROM migration_instance";

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(GracefulStopIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private final Ledger ledger = new Ledger(ROWS, LegacyOrders::status);
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void end() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, SECONDS);
  }

  @Test
  void noRequestFailsWhileInstancesEnd() throws Exception {
    try (Fleet fleet = new Fleet(directory, database, Map.of("SHUTDOWN_DELAY", "8s"))) {
      table.ask(LegacyOrders.load(ROWS));
      ServiceProcess first = fleet.serve();
      ServiceProcess second = fleet.serve();
      fleet.serve();
      await().until(() -> table.count(BEATING) == 3);
      try (Traffic traffic = new Traffic(fleet.addresses(), ledger).start("three instances")) {
        stop(first, fleet.addresses().get(0), traffic.client(), 2);
        traffic.stage("two instances");
        stop(second, fleet.addresses().get(1), traffic.client(), 1);
        traffic.stage("one instance");
        goOn();
        traffic.close();
        traffic.summary().forEach(System.out::println);
        assertThat(traffic.failures().first()).as(fleet.output()).isEmpty();
        assertThat(traffic.failures().broken()).isEmpty();
      }
      assertThat(table.compare(ledger, "lower(old_status)")).isEmpty();
    }
  }

  @Test
  void noStreamOfAJavaClientFailsWhileInstancesEnd() throws Exception {
    try (Fleet fleet = new Fleet(directory, database, Map.of("SHUTDOWN_DELAY", "4s"))) {
      for (int drain = 0; drain < Integer.getInteger("graceful.drains", 1); drain++) {
        ServiceProcess instance = fleet.serve();
        try (JavaHttp2Client client = new JavaHttp2Client(fleet.addresses().get(drain))) {
          await().until(() -> client.answered() > 500);
          instance.signal("TERM");
          await().until(() -> instance.get("/q/health/ready") != 200);
          int before = client.answered();
          // it serves on for 4 s: a busy machine answers some hundred requests meanwhile
          await().until(() -> client.answered() > before + 100 || !client.failures().isEmpty());
          client.close();
          assertThat(client.failures()).as("drain %d", drain).isEmpty();
        }
        assertThat(instance.awaitExit()).isEqualTo(143);
        instance.assertNotLogged("ERROR", "Exception");
      }
    }
  }

  private void stop(ServiceProcess instance, URI address, Client balancer, int left)
      throws Exception {
    goOn();
    instance.signal("TERM");
    await().until(() -> instance.get("/q/health/ready") != 200);
    await().until(() -> table.count(BEATING) == left);
    servesOnButKeepsNoConnection(address);
    balancer.leave(address);
    assertThat(instance.awaitExit()).isEqualTo(143);
    assertThat(table.count(BEATING)).as("heartbeats after the stop").isEqualTo(left);
    instance.assertNotLogged("ERROR", "Exception");
    goOn();
  }

  private void servesOnButKeepsNoConnection(URI address) throws Exception {
    HttpClientResponse kept = ask(vertx.createHttpClient(), address);
    assertThat(kept.version()).isEqualTo(HttpVersion.HTTP_1_1);
    assertThat(kept.getHeader("Connection")).isEqualTo("close");

    CompletableFuture<GoAway> goodbye = new CompletableFuture<>();
    HttpClientResponse stream = ask(multiplexing(goodbye), address);
    assertThat(stream.version()).isEqualTo(HttpVersion.HTTP_2);
    assertThat(stream.getHeader("Connection")).as("forbidden in HTTP/2").isNull();
    assertThat(goodbye.get(60, SECONDS).getErrorCode()).isZero();
  }

  private HttpClient multiplexing(CompletableFuture<GoAway> goodbye) {
    return vertx
        .httpClientBuilder()
        .with(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false))
        .withConnectHandler(connection -> connection.goAwayHandler(goodbye::complete))
        .build();
  }

  private static HttpClientResponse ask(HttpClient client, URI address) throws Exception {
    HttpClientResponse answer =
        client
            .request(HttpMethod.GET, address.getPort(), address.getHost(), "/orders/1")
            .compose(HttpClientRequest::send)
            .toCompletionStage()
            .toCompletableFuture()
            .get(60, SECONDS);
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer;
  }

  private void goOn() {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }
}
