package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.get;
import static io.zerodowntime.orders.OrdersApi.json;
import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.patch;
import static io.zerodowntime.orders.OrdersApi.post;
import static io.zerodowntime.orders.OrdersApi.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.PostgresResource;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a write under an idempotency key is done once, whatever is sent and whenever. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class IdempotencyTest {
  @Inject OrdersDatabase database;

  @BeforeEach
  void reset() throws Exception {
    database.reset(0);
  }

  @Test
  void replaysTheFirstAnswerAcrossEveryPhaseAndAfterAnUpdate() {
    Response first = post("a-key", order("paid"));
    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(first.header("Idempotent-Replayed")).isNull();

    for (int phase = 0; phase <= 3; phase++) {
      database.phase(phase);
      patch(1, status("s" + phase));
      assertReplays(first, post("a-key", order("paid")));
    }
    assertThat(database.count("orders")).isEqualTo(1);
    assertThat(get("/orders/1").jsonPath().getString("status")).isEqualTo("s3");
  }

  @Test
  void takesTheQuotedKeyAndAnotherSpellingOfTheBodyForTheSame() {
    Response first = post("a-key", "{\"userId\":7,\"amount\":100,\"status\":\"pending\"}");

    assertReplays(first, post("\"a-key\"", "{ \"amount\": 1e2, \"userId\": 7, \"more\": [1] }"));
    assertReplays(first, post("a-key", "{\"userId\":7,\"amount\":100.00}"));
    assertThat(database.count("orders")).isEqualTo(1);
  }

  @Test
  void refusesAnotherRequestUnderTheKey() {
    post("a-key", order("paid"));

    assertReused(post("a-key", order("sent")));
    assertReused(patch("a-key", 1, status("paid")));
    assertReused(patch("a-key", 404, status("paid")));
    assertThat(database.count("orders")).isEqualTo(1);
    assertThat(database.columns(1)).isEqualTo("PAID/-");
  }

  @Test
  void keepsTheKeysOfTwoClientsApart() {
    List<Map<String, String>> clients =
        List.of(
            Map.of(),
            Map.of("X-Client-Id", "shop"),
            Map.of("X-Client-Id", "operator"),
            Map.of("X-Client-Id", "user"),
            login("operator", PostgresResource.OPERATOR_PASSWORD),
            login("viewer", PostgresResource.VIEWER_PASSWORD));
    List<String> first = clients.stream().map(client -> posted(client, null)).toList();
    List<String> again = clients.stream().map(client -> posted(client, "true")).toList();

    assertThat(first).doesNotHaveDuplicates();
    assertThat(again).isEqualTo(first);
    assertThat(database.count("orders")).isEqualTo(clients.size());
    Map<String, String> both = new HashMap<>(clients.get(4));
    both.put("X-Client-Id", "shop");
    assertThat(posted(both, "true")).as("credentials come first").isEqualTo(first.get(4));
  }

  private static Map<String, String> login(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return Map.of("Authorization", "Basic " + Base64.getEncoder().encodeToString(both));
  }

  private static String posted(Map<String, String> client, String replayed) {
    Response answer =
        json(order("paid")).headers(client).header("Idempotency-Key", "a-key").post("/orders");
    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(201);
    assertThat(answer.header("Idempotent-Replayed")).isEqualTo(replayed);
    return answer.asString();
  }

  @Test
  void doesNothingUnderAKeyWhoseClientIsNotKnownForSure() {
    for (String client : new String[] {"", "a b", "c".repeat(65)}) {
      Response refused = json(order("paid")).header("X-Client-Id", client).post("/orders");
      assertThat(refused.statusCode()).as(client).isEqualTo(400);
      assertThat(refused.jsonPath().getString("type")).isEqualTo("urn:problem:malformed-client-id");
    }
    Response refused =
        json(order("paid"))
            .headers(login("operator", "wrong"))
            .header("Idempotency-Key", "a-key")
            .post("/orders");
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.contentType()).isEqualTo("application/problem+json");
    assertThat(database.count("orders")).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 3000, 8000, 19_000})
  void refusesAKeyThatIsTooLong(int length) {
    String key = "k".repeat(length);
    for (String header : new String[] {key, '"' + key + '"'}) {
      Response refused = post(header, order("paid"));
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.jsonPath().getString("type"))
          .isEqualTo("urn:problem:malformed-idempotency-key");
    }
    assertThat(database.count("orders")).isZero();
  }

  @Test
  void neverAppliesAnUpdateAgain() {
    post(order("new"));
    Response first = patch("a-key", 1, status("paid"));
    patch(1, status("sent"));

    for (int phase = 0; phase <= 3; phase++) {
      database.phase(phase);
      assertReplays(first, patch("a-key", 1, status("paid")));
    }
    assertThat(database.columns(1)).isEqualTo("SENT/-");
    assertReused(patch("a-key", 1, status("sent")));
  }

  @Test
  void keepsNothingForAnOrderThatIsNotThere() {
    assertThat(patch("a-key", 1, status("paid")).statusCode()).isEqualTo(404);
    assertThat(database.count("idempotency_key")).isZero();
    post(order("new"));
    assertThat(patch("a-key", 1, status("paid")).statusCode()).isEqualTo(200);
  }

  @Test
  void freesAnExpiredKeyInTheSameStatement() {
    post("a-key", order("paid"));
    database.run("UPDATE idempotency_key SET created_at = now() - interval '25 hours'");

    Response second = post("a-key", order("sent"));

    assertThat(second.statusCode()).isEqualTo(201);
    assertThat(second.header("Idempotent-Replayed")).isNull();
    assertReplays(second, post("a-key", order("sent")));
    assertThat(database.count("orders")).isEqualTo(2);
  }

  @Test
  void createsOneOrderForFiftyAtTheSameMoment() throws Exception {
    List<Response> answers = together(50, () -> post("a-key", order("paid")));

    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(answers).extracting(Response::asString).containsOnly(answers.get(0).asString());
    assertThat(answers)
        .filteredOn(answer -> answer.header("Idempotent-Replayed") == null)
        .hasSize(1);
    assertThat(database.count("orders")).isEqualTo(1);
    assertThat(database.count("idempotency_key")).isEqualTo(1);
  }

  @Test
  void createsEachOrderOnceWhileConnectionsAreKilled() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger killed = new AtomicInteger();
    ExecutorService killer = Executors.newSingleThreadExecutor();
    Future<?> killing = killer.submit(() -> killUntil(done, killed));
    ExecutorService clients = Executors.newFixedThreadPool(8);
    int orders = 0;
    try {
      // a statement takes about a millisecond: one is not always seen within the first 300
      while (orders < 300 || (killed.get() < 3 && orders < 30_000)) {
        List<Future<Response>> answers = new ArrayList<>();
        for (int each = 0; each < 100; each++) {
          String key = "key-" + orders++;
          answers.add(clients.submit(() -> post(key, order("paid"))));
        }
        for (Future<Response> answer : answers) {
          assertThat(answer.get().statusCode()).isEqualTo(201);
        }
      }
    } finally {
      done.set(true);
      clients.shutdown();
      killer.shutdown();
    }

    killing.get();
    assertThat(killed.get()).as("statements killed").isGreaterThanOrEqualTo(3);
    assertThat(database.count("orders")).isEqualTo(orders);
    assertThat(database.count("idempotency_key")).isEqualTo(orders);
    assertThat(
            database.rows(
                "SELECT count(*) FROM idempotency_key JOIN orders AS o"
                    + " ON (response::json->>'id')::bigint = o.id"))
        .containsExactly(Integer.toString(orders));
  }

  /** Ends sessions of the service in the middle of a keyed write, and counts them. */
  private void killUntil(AtomicBoolean done, AtomicInteger killed) {
    while (!done.get()) {
      killed.addAndGet(
          database
              .rows(
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      + " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                      + " AND state = 'active' AND query LIKE '%idempotency_key%' LIMIT 1")
              .size());
    }
  }

  private static List<Response> together(int times, Callable<Response> call) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(times);
    try {
      List<Response> answers = new ArrayList<>();
      for (Future<Response> each : clients.invokeAll(java.util.Collections.nCopies(times, call))) {
        answers.add(each.get());
      }
      return answers;
    } finally {
      clients.shutdown();
    }
  }

  private static void assertReplays(Response first, Response again) {
    assertThat(again.statusCode()).isEqualTo(first.statusCode());
    assertThat(again.asByteArray()).isEqualTo(first.asByteArray());
    assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
  }

  private static void assertReused(Response answer) {
    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(answer.contentType()).isEqualTo("application/problem+json");
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:idempotency-key-reused");
  }
}
