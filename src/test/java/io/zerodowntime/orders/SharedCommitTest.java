package io.zerodowntime.orders;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import io.zerodowntime.testing.FaultyProxy;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Orders that share a commit, seen by clients: what happens to one is not the others' business. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class SharedCommitTest {

  @Inject EngineDatabase database;
  @Inject OrderBatcher batcher;
  @Inject FaultyProxy proxy;
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
    assertThat(database.number("SELECT count(*) FROM idempotency_key WHERE key LIKE 'key-%'"))
        .isEqualTo(10);
    assertThat(
            database.rows(
                "SELECT count(*) FROM orders WHERE status <> 'first' GROUP BY xmin::text"))
        .as("orders a commit")
        .containsExactly("20");
  }

  @Test
  void createsOneOrderForAKeyThatComesTwice() throws Exception {
    List<Response> answers = behindALock(20, n -> () -> Api.order("key-" + n % 5, "paid"));

    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(count("paid")).isEqualTo(5);
    for (int n = 5; n < 20; n++) {
      assertThat(answers.get(n).asString()).isEqualTo(answers.get(n % 5).asString());
    }
    assertThat(answers).filteredOn(each -> each.header("Idempotent-Replayed") == null).hasSize(5);
  }

  @Test
  void failsOnlyTheBadOne() throws Exception {
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
    assertThat(count("paid")).isEqualTo(19);
    assertThat(database.number("SELECT count(*) FROM idempotency_key WHERE key LIKE 'key-%'"))
        .isEqualTo(19);
  }

  @Test
  void doesNotLetNeighboursWaitForAKeyThatSomebodyHolds() throws Exception {
    try (Connection other = database.session("other")) {
      execute(
          other,
          "INSERT INTO idempotency_key (key, fingerprint, status, response)"
              + " VALUES ('key-13', '', 200, '')");
      List<Future<Response>> calls = togetherBehindALock(20, this::keyed);
      for (int n = 0; n < 20; n++) {
        if (n != 13) {
          assertThat(calls.get(n).get().statusCode()).isEqualTo(201);
        }
      }
      assertThat(calls.get(13).isDone()).isFalse();
      other.rollback();
      assertThat(calls.get(13).get().statusCode()).isEqualTo(201);
    }
    assertThat(count("paid")).isEqualTo(20);
  }

  @ParameterizedTest
  @EnumSource(FaultyProxy.Loss.class)
  void createsOnceUnderAKeyAndAtMostOnceWithoutThoughAGroupIsLost(FaultyProxy.Loss loss)
      throws Exception {
    proxy.cut("lost_order", loss);

    List<Response> answers =
        behindALock(20, n -> n == 13 ? () -> Api.order("lost_order") : keyed(n));

    assertThat(proxy.cuts()).isOne();
    Response unknown = answers.remove(13);
    assertThat(unknown.statusCode()).isEqualTo(503);
    assertThat(unknown.jsonPath().getString("type")).isEqualTo("urn:problem:outcome-unknown");
    assertThat(answers).extracting(Response::statusCode).containsOnly(201);
    assertThat(count("paid")).isEqualTo(19);
    assertThat(count("lost_order")).isEqualTo(loss == FaultyProxy.Loss.ANSWER ? 1 : 0);
  }

  @Test
  void refusesClearlyWhatCannotBeSentInTime() throws Exception {
    List<Response> answers = new ArrayList<>();
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> calls = queued(20, this::keyed);
      await()
          .until(
              () -> {
                batcher.expire();
                return batcher.waiting() == 0;
              });
      for (Future<Response> call : calls) {
        answers.add(call.get());
      }
      other.rollback();
    }
    assertThat(answers).extracting(Response::statusCode).containsOnly(503);
    assertThat(answers).allMatch(answer -> answer.header("Retry-After") != null);
    assertThat(answers)
        .extracting(answer -> answer.jsonPath().getString("type"))
        .as("never sent, or sent and waiting for the lock in vain")
        .isSubsetOf("urn:problem:overloaded", "urn:problem:busy", "urn:problem:deadline-exceeded");
    // a write under a key that was late may be done afterwards; what was refused is not
    long late =
        answers.stream()
            .map(answer -> answer.jsonPath().getString("type"))
            .filter("urn:problem:deadline-exceeded"::equals)
            .count();
    assertThat(count("paid")).isLessThanOrEqualTo(late);
    assertThat(Api.order("key-0", "paid").statusCode()).isEqualTo(201);
  }

  @Test
  void followsAStepThatComesWhileTheyWait() throws Exception {
    database.run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
    List<Response> answers = new ArrayList<>();
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> calls = queued(20, this::keyed);
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

  private Callable<Response> keyed(int number) {
    return () -> Api.order("key-" + number, "paid");
  }

  private long count(String status) {
    return database.number("SELECT count(*) FROM orders WHERE status = '" + status + "'");
  }

  /** Every lane waits for a lock; what is called meanwhile goes together once it is released. */
  private List<Future<Response>> togetherBehindALock(int calls, Call call) throws Exception {
    try (Connection other = database.session("lock")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      List<Future<Response>> queued = queued(calls, call);
      other.rollback();
      return queued;
    }
  }

  private List<Response> behindALock(int calls, Call call) throws Exception {
    List<Response> answers = new ArrayList<>();
    for (Future<Response> each : togetherBehindALock(calls, call)) {
      answers.add(each.get());
    }
    return answers;
  }

  /**
   * Calls that wait behind one in each lane, while the table is locked. The lanes are taken one by
   * one, as calls that arrive in the same instant may share one.
   */
  private List<Future<Response>> queued(int calls, Call call) {
    for (int lane = 1; lane <= OrderBatcher.LANES; lane++) {
      String key = "first-" + lane;
      int taken = lane;
      clients.execute(() -> Api.order(key, "first"));
      await().until(() -> database.waiting() == taken);
    }
    List<Future<Response>> queued = new ArrayList<>();
    for (int number = 0; number < calls; number++) {
      queued.add(clients.submit(call.of(number)));
    }
    await().until(() -> batcher.waiting() == calls);
    return queued;
  }
}
