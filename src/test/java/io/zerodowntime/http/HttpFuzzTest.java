package io.zerodowntime.http;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.LoggedFailures;
import io.zerodowntime.testing.RawHttp;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Malformed requests on raw sockets, the same ones for the same seed. The long form: {@code
 * -Dfuzz.requests=100000 -Dfuzz.seed=2}.
 */
@QuarkusTest
@TestProfile(ShortDeadlineProfile.class)
class HttpFuzzTest {
  private static final int CLIENTS = 16;
  private static final int QUIET_MILLIS = 100;
  private static final Pattern ERROR = Pattern.compile("HTTP/1\\.[01] 5(?!03)\\d\\d ");

  @Inject EngineDatabase database;
  @Inject Bulkhead bulkhead;
  @Inject RequestDeadlines deadlines;

  private final List<String> errors = new CopyOnWriteArrayList<>();

  @Test
  @Timeout(3600)
  void leavesNothingBehind() throws Exception {
    database.reset();
    int requests = Integer.getInteger("fuzz.requests", 2000);
    MalformedHttp malformed = new MalformedHttp(Long.getLong("fuzz.seed", 1));
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try (LoggedFailures log = new LoggedFailures()) {
      for (int request = 0; request < requests; request++) {
        byte[] bytes = malformed.next();
        clients.execute(() -> send(bytes));
      }
      clients.shutdown();
      assertThat(clients.awaitTermination(1, TimeUnit.HOURS)).isTrue();
      await().until(() -> bulkhead.inFlight() == 0 && deadlines.pending() <= 1);
      assertThat(errors).isEmpty();
      assertThat(log.all()).isEmpty();
    }
    await().until(() -> connections() <= 2);
    assertThat(Api.order("paid").statusCode()).isEqualTo(201);
  }

  private void send(byte[] bytes) {
    try (RawHttp client = new RawHttp()) {
      String answer = client.send(bytes).rest(QUIET_MILLIS);
      if (ERROR.matcher(answer).lookingAt()) {
        errors.add(answer + " to " + new String(bytes, StandardCharsets.ISO_8859_1));
      }
    } catch (IOException closed) {
      // that is an answer, too
    }
  }

  /** Open connections to the service, this one included. */
  private static double connections() {
    return given()
        .get("/q/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith("http_server_connections_seconds_active_count"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
