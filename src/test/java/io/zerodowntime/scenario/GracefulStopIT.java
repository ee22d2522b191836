package io.zerodowntime.scenario;

import static io.zerodowntime.scenario.Road.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestPostgres;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
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

  private final TestDatabase database = TestPostgres.create(GracefulStopIT.class);
  private final Table table = new Table(database);
  private final Ledger ledger = new Ledger(ROWS, Legacy::status);

  @Test
  void noRequestFailsWhileInstancesEnd() throws Exception {
    try (Fleet fleet = new Fleet(directory, database, Map.of("SHUTDOWN_DELAY", "3s"))) {
      fleet.run(0, "expand");
      table.ask(Legacy.load(ROWS));
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
        assertThat(traffic.failures().unknown()).isEmpty();
      }
      assertThat(table.compare(ledger, "lower(old_status)")).isEmpty();
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
    assertThat(instance.out()).doesNotContain("ERROR").doesNotContain("Exception");
    goOn();
  }

  private static void servesOnButKeepsNoConnection(URI address) throws Exception {
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(address.resolve("/orders/1")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Connection")).hasValue("close");
  }

  private void goOn() {
    long before = ledger.acknowledgedWrites();
    await().until(() -> ledger.acknowledgedWrites() > before + 200);
  }
}
