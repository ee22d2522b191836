package io.zerodowntime.scenario;

import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.zerodowntime.testing.ServiceProcess;
import io.zerodowntime.testing.TestDatabase;
import io.zerodowntime.testing.TestIssuer;
import io.zerodowntime.testing.TestPostgres;
import io.zerodowntime.testing.TokenKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The packaged program beside an issuer whose process is stopped by SIGSTOP: its port takes
 * connections, and nothing answers.
 */
class IssuerStoppedIT {
  private static final String AUDIENCE = "orders-service";
  private static final String MIGRATION = "/migrations/orders-status";

  @TempDir Path directory;

  private final TestDatabase database = TestPostgres.create(IssuerStoppedIT.class);
  private final OrdersTable table = new OrdersTable(database);
  private final TokenKey key = TokenKey.generate("first");
  private final HttpClient http = HttpClient.newHttpClient();
  private int port;
  private Process issuer;
  private Fleet fleet;

  @BeforeEach
  void start() throws Exception {
    port = freePort();
    issuer =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-cp",
                System.getProperty("java.class.path"),
                TestIssuer.class.getName(),
                String.valueOf(port),
                key.id(),
                key.encoded())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("issuer.txt").toFile())
            .start();
    await().ignoreExceptions().until(this::listens);
    fleet =
        new Fleet(
            directory,
            database,
            Map.of(
                "OIDC_ISSUER_URL",
                url(),
                "OIDC_AUDIENCE",
                AUDIENCE,
                "ORDERS_LOGIN_REQUIRED",
                "true",
                "BACKFILL_WORKERS",
                "0"));
  }

  @AfterEach
  void end() {
    fleet.close();
    issuer.destroyForcibly();
  }

  @Test
  @Timeout(600)
  void theServiceServesAndCommandsLeaveTheirUsersName() throws Exception {
    signal("STOP");
    fleet.run(0, "expand"); // a command does not look for the issuer
    ServiceProcess service = fleet.serve();
    String token = key.sign(claims("alice", "operator"));
    assertThat(order(token, "one").statusCode()).isEqualTo(503);
    assertThat(order(token, "one").body()).contains("issuer-unavailable");
    assertThat(fleet.operator(0).status().get("name").asText()).isEqualTo("orders-status");

    signal("CONT");
    await().until(() -> order(token, "one").statusCode() == 201);
    signal("STOP");
    HttpResponse<String> replay = order(token, "one");
    assertThat(replay.statusCode()).as("its key is known").isEqualTo(201);
    assertThat(replay.headers().firstValue("Idempotent-Replayed")).contains("true");
    HttpResponse<String> other = order(key.sign(claims("bob")), "one");
    assertThat(other.headers().firstValue("Idempotent-Replayed")).isEmpty();
    assertThat(other.body()).isNotEqualTo(replay.body());
    String unknown = TokenKey.generate("second").sign(claims("alice"));
    assertThat(order(unknown, "two").statusCode()).isIn(401, 503);
    assertThat(order(token, "three").statusCode()).isEqualTo(201);

    new MigrationWalk(fleet, table, 0).toDualWrite();
    assertThat(send("POST", MIGRATION + "/backfill", token, "").statusCode()).isEqualTo(202);
    assertThat(send("POST", MIGRATION + "/backfill/cancel", token, "").statusCode()).isEqualTo(202);
    fleet.run(0, "backfill");
    JsonArray history = new JsonArray(send("GET", MIGRATION + "/history", token, "").body());
    JsonObject command = history.getJsonObject(0);
    assertThat(command.getString("action")).isEqualTo("backfill");
    assertThat(command.getString("subject")).isEqualTo(System.getProperty("user.name"));
    assertThat(command.getJsonObject("evidence").getString("login")).isEqualTo("command");
    assertThat(command.getJsonObject("evidence").getString("databaseUser"))
        .isEqualTo(table.ask("SELECT session_user"));
    assertThat(history.getJsonObject(1).getString("action")).isEqualTo("backfill cancel");
    assertThat(history.getJsonObject(1).getString("subject")).isEqualTo("alice");
    service.assertNotLogged("Exception");
  }

  private JsonObject claims(String subject, String... roles) {
    JsonArray groups = new JsonArray();
    for (String role : roles) {
      groups.add(role);
    }
    return TokenKey.claims(url(), AUDIENCE, subject).put("groups", groups);
  }

  private HttpResponse<String> order(String token, String key) throws Exception {
    return send("POST", "/orders", token, key);
  }

  private HttpResponse<String> send(String method, String path, String token, String key)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(fleet.addresses().get(0).resolve(path))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", "Bearer " + token);
    if (key.isEmpty()) {
      request.method(method, HttpRequest.BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json")
          .header("Idempotency-Key", key)
          .method(method, HttpRequest.BodyPublishers.ofString("{\"userId\":1,\"amount\":1}"));
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, String.valueOf(issuer.pid())).start().waitFor();
  }

  private String url() {
    return "http://localhost:" + port;
  }

  private boolean listens() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
