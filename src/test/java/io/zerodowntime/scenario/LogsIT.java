package io.zerodowntime.scenario;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.EngineSchema;
import io.zerodowntime.testing.OtlpReceiver;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a packaged instance says: a log that programs read, and traces that no request waits for.
 */
class LogsIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private final TestDatabase database = EngineSchema.copy(LogsIT.class);
  private final OrdersTable table = new OrdersTable(database);

  @Test
  void everyLineIsJsonAndNamesWhatItIsAbout() throws Exception {
    try (OtlpReceiver receiver = new OtlpReceiver(0);
        Fleet fleet = new Fleet(directory, database, settings(receiver.endpoint()))) {
      table.ask(LegacyOrders.load(500));
      ServiceProcess instance = fleet.serve();
      fleet.flags().edit(1);
      await().until(() -> table.phase().equals("1"));
      // what is logged is the change of a gate that was seen before
      await().until(() -> isSeenClosed(instance, "backfill-complete"));
      assertThat(fleet.operator(0).post("backfill").statusCode()).isEqualTo(202);
      assertThat(get(fleet, "/orders/1", "of-a-test").statusCode()).isEqualTo(200);
      awaitLine(instance, line -> text(line, "message").contains("gate backfill-complete of step"));
      JsonNode access =
          awaitLine(instance, line -> text(line, "message").contains("GET /orders/1 "));
      assertThat(text(access, "requestId")).isEqualTo("of-a-test");
      assertThat(text(access, "message")).contains(" 200 ").endsWith("request of-a-test");
      var span = receiver.await(each -> each.getName().equals("GET /orders/{id}"));
      assertThat(text(access, "traceId")).isEqualTo(OtlpReceiver.traceId(span));
      assertThat(text(access, "spanId")).isEqualTo(OtlpReceiver.spanId(span));

      JsonNode step = awaitLine(instance, line -> text(line, "message").contains(": step "));
      assertThat(text(step, "migration")).isEqualTo("orders-status");
      assertThat(text(step, "phase")).isEqualTo("1");
      assertThat(text(step, "epoch")).isEqualTo("1");
      JsonNode gate =
          awaitLine(instance, line -> text(line, "message").contains("gate backfill-complete"));
      assertThat(text(gate, "message")).contains("is open");
      assertThat(text(gate, "epoch")).isEqualTo("1");
      assertThat(lines(instance).stream().map(line -> text(line, "message")))
          .as("one line for each change")
          .filteredOn(message -> message.contains("gate backfill-complete"))
          .hasSize(1);
    }
  }

  @Test
  void noRequestWaitsForAReceiverThatStalls() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("localhost"));
        Fleet fleet =
            new Fleet(directory, database, settings("http://localhost:" + silent.getLocalPort()))) {
      table.ask(LegacyOrders.load(500));
      ServiceProcess instance = fleet.serve();
      try (SteadyRequests requests = new SteadyRequests(fleet.addresses().get(0))) {
        await().until(() -> dropped(instance) > 0);
        long before = requests.answered();
        await().until(() -> requests.answered() > before + 200);
        assertThat(requests.failed()).isZero();
      }
      instance.signal("TERM");
      assertThat(instance.awaitExit()).isEqualTo(143);
      assertThat(lines(instance)).filteredOn(line -> text(line, "level").equals("ERROR")).isEmpty();
      assertThat(lines(instance))
          .filteredOn(line -> text(line, "message").contains("takes no spans"))
          .as("once, not for each batch")
          .hasSize(1);
    }
  }

  private static Map<String, String> settings(String endpoint) {
    Map<String, String> settings = new HashMap<>();
    settings.put("ACCESS_LOG", "true");
    settings.put("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    settings.put("OTEL_EXPORTER_OTLP_TIMEOUT", "500");
    return settings;
  }

  private static boolean isSeenClosed(ServiceProcess instance, String gate) throws Exception {
    return instance
        .ask("/q/metrics")
        .body()
        .lines()
        .anyMatch(
            line ->
                line.startsWith("migration_gate_open{")
                    && line.contains("gate=\"" + gate + "\"")
                    && line.endsWith(" 0.0"));
  }

  private static double dropped(ServiceProcess instance) throws Exception {
    return instance
        .ask("/q/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("tracing_spans_dropped_total"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static HttpResponse<String> get(Fleet fleet, String path, String id) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(fleet.addresses().get(0) + path))
            .header("X-Request-Id", id)
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode awaitLine(ServiceProcess instance, Predicate<JsonNode> wanted) {
    return await()
        .until(() -> lines(instance).stream().filter(wanted).toList(), found -> !found.isEmpty())
        .get(0);
  }

  /** Every line must be one object; the last one may be half written. */
  private static List<JsonNode> lines(ServiceProcess instance) {
    String out = instance.out();
    return out.substring(0, out.lastIndexOf('\n') + 1).lines().map(LogsIT::parsed).toList();
  }

  private static JsonNode parsed(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("no JSON: " + line, e);
    }
  }

  private static String text(JsonNode line, String field) {
    return (line.has(field) ? line : line.path("mdc")).path(field).asText();
  }
}
