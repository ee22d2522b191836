package io.zerodowntime.orders;

import static io.restassured.RestAssured.given;
import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** More requests than are let in: the others are refused at once, and nothing leaks. */
@QuarkusTest
@TestProfile(OverloadTest.Two.class)
class OverloadTest {
  @Inject EngineDatabase database;

  private final ExecutorService clients = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
  }

  @AfterEach
  void end() {
    clients.shutdownNow();
  }

  @Test
  void refusesTheThirdAndServesAgainOnceTheTwoAreDone() throws Exception {
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      Future<Response> first = clients.submit(() -> Api.order("a", "paid"));
      awaitWaiting(1);
      Future<Response> second = clients.submit(() -> Api.order("b", "paid"));
      awaitWaiting(2);

      Response refused = Api.find(1);

      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.contentType()).isEqualTo("application/problem+json");
      assertThat(refused.header("Retry-After")).isEqualTo("1");
      assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:overloaded");
      assertThat(Api.status().statusCode()).isEqualTo(200);
      assertThat(given().get("/q/health/live").statusCode()).isEqualTo(200);
      other.rollback();
      assertThat(first.get().statusCode()).isEqualTo(201);
      assertThat(second.get().statusCode()).isEqualTo(201);
    }
    assertThat(Api.order("c", "paid").statusCode()).isEqualTo(201);
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(3);
  }

  @Test
  void forgetsClientsThatHangUp() throws Exception {
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      try (Socket first = hangingUp(1);
          Socket second = hangingUp(2)) {
        assertThat(Api.find(1).statusCode()).isEqualTo(503);
      }
      await().until(() -> Api.find(1).statusCode() == 404);
      other.rollback();
    }
  }

  /** One call after the other: a call that only looks would take a place itself. */
  private void awaitWaiting(int calls) {
    await().until(() -> database.waiting() == calls);
  }

  private Socket hangingUp(int number) throws Exception {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port);
    String body = "{\"userId\":7,\"amount\":1}";
    String request =
        "POST /orders HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    awaitWaiting(number);
    return socket;
  }

  /** Two requests at once. */
  public static final class Two extends EngineProfile {
    public Two() {
      super("http.admission.limit", "2");
    }
  }
}
