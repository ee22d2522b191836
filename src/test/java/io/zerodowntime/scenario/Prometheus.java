package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.testing.Timeouts;
import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A real Prometheus that scrapes one instance each second, and evaluates rules as often. */
final class Prometheus implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG =
      """
      global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
      rule_files: [rules.yaml]
      scrape_configs:
        - job_name: orders
          metrics_path: /q/metrics
          static_configs:
            - targets: ["localhost:%d"]
              labels: {namespace: scenario, pod: one}
      """;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Process process;
  private final Path log;
  private final int port;

  /**
   * @param directory for its data and its log
   * @param target the port with the metrics
   * @param rules as Prometheus reads them
   */
  Prometheus(Path directory, int target, String rules) throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    Files.writeString(directory.resolve("rules.yaml"), rules);
    Files.writeString(directory.resolve("prometheus.yaml"), CONFIG.formatted(target));
    log = directory.resolve("prometheus.log");
    process =
        new ProcessBuilder(
                executable(),
                "--config.file=" + directory.resolve("prometheus.yaml"),
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Timeouts.await().ignoreExceptions().until(() -> !query("up").isEmpty());
  }

  /** Whether there is one on this machine. */
  static boolean isInstalled() {
    return !executable().isEmpty();
  }

  private static String executable() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(directory -> Path.of(directory, "prometheus"))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElse("");
  }

  /** The series of an expression now. */
  List<JsonNode> query(String expression) throws IOException, InterruptedException {
    return list(ask("/api/v1/query?query=" + encoded(expression)).at("/data/result"));
  }

  /** The series of an expression that had a value, other than NaN, in the last time. */
  List<JsonNode> valuesOf(String expression, Duration last)
      throws IOException, InterruptedException {
    long now = System.currentTimeMillis() / 1000;
    String path =
        "/api/v1/query_range?query=%s&start=%d&end=%d&step=1"
            .formatted(encoded(expression), now - last.toSeconds(), now);
    return list(ask(path).at("/data/result")).stream()
        .filter(
            series ->
                list(series.get("values")).stream()
                    .anyMatch(value -> !value.get(1).asText().equals("NaN")))
        .toList();
  }

  /** The names of the alerts that fire now. */
  Set<String> firing() throws IOException, InterruptedException {
    return list(ask("/api/v1/alerts").at("/data/alerts")).stream()
        .filter(alert -> alert.get("state").asText().equals("firing"))
        .map(alert -> alert.at("/labels/alertname").asText())
        .collect(Collectors.toSet());
  }

  private JsonNode ask(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(30))
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException(path + ": " + answer.body() + Files.readString(log));
    }
    return JSON.readTree(answer.body());
  }

  private static List<JsonNode> list(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).toList();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
