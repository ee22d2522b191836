package io.zerodowntime.orders;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.Wire;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Orders that share a commit, seen by clients: what happens to one is not the others' business. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SharedCommitTest {
  private static final String WAITING =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'zerodowntime'"
          + " AND datname = current_database() AND wait_event_type = 'Lock'";

  @Inject EngineDatabase database;
  @Inject OrderCreations creations;
  @Inject Wire wire;
  private final ExecutorService clients = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
  }

  @AfterEach
  void end() {
    clients.shutdownNow();
    database.run("DROP TRIGGER IF EXISTS refuses ON orders");
  }

  @Test
  void createsAllAndEachUnderItsOwnKey() throws Exception {
    List<Response> answers =
        behindALock(
            20, n -> () -> n % 2 == 0 ? Api.order("key-" + n, "s" + n) : Api.order("s" + n));

    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    for (int n = 0; n < 20; n++) {
      assertThat(answers.get(n).jsonPath().getString("status")).isEqualTo("s" + n);
    }
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(20);
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isEqualTo(10);
    assertThat(database.number("SELECT count(DISTINCT xmin::text) FROM orders"))
        .as("transactions")
        .isLessThan(20);
  }

  @Test
  void createsOneOrderForAKeyThatComesTwice() throws Exception {
    List<Response> answers = behindALock(20, n -> () -> Api.order("key-" + n % 5, "paid"));

    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(5);
    for (int n = 5; n < 20; n++) {
      assertThat(answers.get(n).asString()).isEqualTo(answers.get(n % 5).asString());
    }
    assertThat(answers).filteredOn(each -> each.header("Idempotent-Replayed") == null).hasSize(5);
  }

  @Test
  void failsTheBadOneAndNobodyElse() throws Exception {
    database.run(
        """
        CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.status = 'bad' THEN
            RAISE EXCEPTION 'made up' USING ERRCODE = '23514';
          END IF;
          RETURN NEW;
        END $$
        """);
    database.run(
        "CREATE TRIGGER refuses BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse()");

    List<Response> answers =
        behindALock(20, n -> () -> Api.order("key-" + n, n == 13 ? "bad" : "paid"));

    assertThat(answers.remove(13).statusCode()).isEqualTo(500);
    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(19);
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isEqualTo(19);
  }

  @Test
  void doesNotLetNeighboursWaitForAKeyThatSomebodyHolds() throws Exception {
    try (Connection other = database.session("other")) {
      execute(
          other,
          "INSERT INTO idempotency_key (key, fingerprint, status, response)"
              + " VALUES ('key-13', '', 200, '')");
      List<Future<Response>> answers = new ArrayList<>();
      for (int n = 0; n < 20; n++) {
        String key = "key-" + n;
        answers.add(clients.submit(() -> Api.order(key, "paid")));
      }
      for (int n = 0; n < 20; n++) {
        if (n != 13) {
          assertThat(answers.get(n).get().statusCode()).isEqualTo(201);
        }
      }
      assertThat(answers.get(13).isDone()).isFalse();
      other.rollback();
      assertThat(answers.get(13).get().statusCode()).isEqualTo(201);
    }
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(20);
  }

  @ParameterizedTest
  @EnumSource(Wire.Loss.class)
  void createsOnceUnderAKeyAndAtMostOnceWithoutThoughAGroupIsLost(Wire.Loss loss) throws Exception {
    List<Response> answers = new ArrayList<>();
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> calls = submit(20, n -> () -> Api.order("key-" + n, "paid"));
      Future<Response> plain = clients.submit(() -> Api.order("lost_order"));
      awaitWaiting();
      wire.cut("lost_order", loss);
      other.rollback();
      for (Future<Response> call : calls) {
        answers.add(call.get());
      }
      Response unknown = plain.get();
      assertThat(unknown.statusCode()).isEqualTo(503);
      assertThat(unknown.jsonPath().getString("type")).isEqualTo("urn:problem:outcome-unknown");
    }
    assertThat(wire.cuts()).isOne();
    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(database.number("SELECT count(*) FROM orders WHERE status = 'paid'")).isEqualTo(20);
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isEqualTo(20);
    assertThat(database.number("SELECT count(*) FROM orders WHERE status = 'lost_order'"))
        .isLessThanOrEqualTo(1);
  }

  @Test
  void refusesClearlyWhatCannotBeSentInTime() throws Exception {
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> calls = submit(40, n -> () -> Api.order("key-" + n, "paid"));
      awaitWaiting();
      await()
          .until(
              () -> {
                creations.expire();
                return calls.stream().anyMatch(Future::isDone);
              });
      for (Future<Response> call : calls) {
        if (call.isDone()) {
          assertThat(call.get().statusCode()).isEqualTo(503);
          assertThat(call.get().header("Retry-After")).isEqualTo("1");
          assertThat(call.get().jsonPath().getString("type")).isEqualTo("urn:problem:overloaded");
        }
      }
      other.rollback();
      long created = 0;
      for (Future<Response> call : calls) {
        created += call.get().statusCode() == 201 ? 1 : 0;
      }
      assertThat(created).isPositive();
      assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(created);
    }
  }

  @Test
  void followsAStepThatComesWhileTheyWait() throws Exception {
    List<Response> answers = new ArrayList<>();
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE idempotency_key IN SHARE MODE");
      List<Future<Response>> calls = submit(20, n -> () -> Api.order("key-" + n, "paid"));
      awaitWaiting();
      database.run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
      database.phase(3);
      other.rollback();
      for (Future<Response> call : calls) {
        answers.add(call.get());
      }
    }
    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(
            database.number(
                "SELECT count(*) FROM orders WHERE old_status IS NULL AND status = 'paid'"))
        .isEqualTo(20);
  }

  private interface Call {
    Callable<Response> of(int number);
  }

  /** Sends everything while the table is locked: what does not fit into the lanes goes together. */
  private List<Response> behindALock(int calls, Call call) throws Exception {
    List<Response> answers = new ArrayList<>();
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> sent = submit(calls, call);
      awaitWaiting();
      other.rollback();
      for (Future<Response> each : sent) {
        answers.add(each.get());
      }
    }
    return answers;
  }

  private List<Future<Response>> submit(int calls, Call call) {
    return IntStream.range(0, calls).mapToObj(n -> clients.submit(call.of(n))).toList();
  }

  private void awaitWaiting() {
    await().atMost(Duration.ofSeconds(10)).until(() -> database.number(WAITING) > 0);
  }
}
