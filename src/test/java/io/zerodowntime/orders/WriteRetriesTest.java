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
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a write is sent again only if that cannot do it twice. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class WriteRetriesTest {
  @Inject EngineDatabase database;
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
    database.run("DROP TRIGGER IF EXISTS fails ON orders");
    database.run("DROP SEQUENCE IF EXISTS failures");
  }

  @ParameterizedTest
  @ValueSource(strings = {"40001", "40P01"})
  void sendAgainWhatWasCertainlyNotDone(String sqlState) {
    failTwice(sqlState);
    assertCreated(Api.order("paid"));
    assertThat(database.number("SELECT last_value FROM failures")).as("attempts").isEqualTo(3);

    database.run("ALTER SEQUENCE failures RESTART");
    assertCreated(Api.order("a-key", "paid"));
    assertThat(database.number("SELECT count(*) FROM orders")).isEqualTo(2);
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isOne();
  }

  @Test
  void waitsForALockTwiceAndThenSaysSo() {
    failTwice("55P03");

    Response answer = Api.order("paid");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:busy");
    assertThat(database.number("SELECT last_value FROM failures")).as("attempts").isEqualTo(2);
    assertThat(database.number("SELECT count(*) FROM orders")).isZero();
  }

  @Test
  void doNotHideOtherFailures() {
    failTwice("23514");
    assertThat(Api.order("paid").statusCode()).isEqualTo(500);
    assertThat(database.number("SELECT last_value FROM failures")).as("attempts").isOne();
    assertThat(Api.order("paid").asString()).doesNotContainIgnoringCase("raise", "select");
  }

  /** The lock timeout ends the circle, or PostgreSQL's look for deadlocks, whichever is first. */
  @Test
  void survivesWaitsInACircle() throws Exception {
    assertCreated(Api.order("new"));
    try (Connection other = database.session("other")) {
      execute(
          other,
          "INSERT INTO idempotency_key (key, fingerprint, status, response)"
              + " VALUES ('a-key', '', 200, '')");
      Future<Response> change = clients.submit(() -> Api.change("a-key", 1, "paid"));
      awaitWaiting();
      execute(other, "UPDATE orders SET amount = 1 WHERE id = 1");
      other.rollback();

      assertThat(change.get().statusCode()).isEqualTo(200);
    }
    assertThat(database.one("SELECT old_status || '/' || status FROM orders"))
        .isEqualTo("PAID/paid");
  }

  @Test
  void survivesALockTimeout() throws Exception {
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      Future<Response> create = clients.submit(() -> Api.order("paid"));
      Set<String> attempts = new HashSet<>();
      await()
          .until(
              () -> {
                attempts.addAll(database.waits());
                return attempts.size() >= 2;
              });
      assertThat(create.isDone()).as("given up").isFalse();
      other.rollback();
      assertCreated(create.get());
    }
    assertThat(database.number("SELECT count(*) FROM orders")).isOne();
  }

  @Test
  void survivesTheEndOfItsBackend() throws Exception {
    try (Connection other = database.session("other")) {
      execute(other, "LOCK TABLE orders IN SHARE MODE");
      Future<Response> create = clients.submit(() -> Api.order("without_key"));
      Future<Response> keyed = clients.submit(() -> Api.order("a-key", "with_key"));
      awaitWaiting();
      terminateAll();
      awaitWaiting();
      other.rollback();

      assertCreated(keyed.get());
      assertCreatedOrUnknown(create.get());
    }
    assertThat(count("with_key")).isOne();
    assertThat(count("without_key")).isLessThanOrEqualTo(1);
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isOne();
  }

  @ParameterizedTest
  @EnumSource(FaultyProxy.Loss.class)
  void createOnceUnderAKeyThoughTheConnectionIsLost(FaultyProxy.Loss loss) {
    assertCreated(Api.order("warm", "warm"));
    proxy.cut("lost_order", loss);

    Response answer = Api.order("a-key", "lost_order");

    assertCreated(answer);
    assertThat(proxy.cuts()).isOne();
    assertThat(count("lost_order")).isOne();
    assertThat(Api.order("a-key", "lost_order").asString()).isEqualTo(answer.asString());
    assertThat(count("lost_order")).isOne();
  }

  @ParameterizedTest
  @EnumSource(FaultyProxy.Loss.class)
  void neverCreateTwiceWithoutAKey(FaultyProxy.Loss loss) {
    assertCreated(Api.order("warm"));
    proxy.cut("lost_order", loss);

    Response answer = Api.order("lost_order");

    assertThat(proxy.cuts()).isOne();
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.contentType()).isEqualTo("application/problem+json");
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:outcome-unknown");
    assertThat(count("lost_order")).isEqualTo(loss == FaultyProxy.Loss.ANSWER ? 1 : 0);
  }

  @ParameterizedTest
  @EnumSource(FaultyProxy.Loss.class)
  void changeOnceUnderAKeyThoughTheConnectionIsLost(FaultyProxy.Loss loss) {
    assertCreated(Api.order("new"));
    proxy.cut("lost_change", loss);

    Response answer = Api.change("a-key", 1, "lost_change");

    assertThat(proxy.cuts()).isOne();
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.jsonPath().getString("status")).isEqualTo("lost_change");
    assertThat(database.number("SELECT count(*) FROM idempotency_key")).isOne();
  }

  /** The first attempt is lost on its way, the next ones are refused for a lock. */
  @Test
  void doNotDenyWhatAnEarlierAttemptMayHaveDone() {
    assertCreated(Api.order("warm", "warm"));
    failTwice("55P03");
    proxy.cut("lost_order", FaultyProxy.Loss.STATEMENT);

    Response answer = Api.order("a-key", "lost_order");

    assertThat(proxy.cuts()).isOne();
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:outcome-unknown");
  }

  private void assertCreated(Response answer) {
    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(201);
  }

  /** The client may see the end of the connection before it sees why. */
  private void assertCreatedOrUnknown(Response answer) {
    if (answer.statusCode() == 503) {
      assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:outcome-unknown");
    } else {
      assertCreated(answer);
    }
  }

  private long count(String status) {
    return database.number("SELECT count(*) FROM orders WHERE status = '" + status + "'");
  }

  /** A sequence is not rolled back: it counts the attempts. */
  private void failTwice(String sqlState) {
    database.run("CREATE SEQUENCE failures");
    database.run(
        """
        CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('failures') <= 2 THEN
            RAISE EXCEPTION 'made up' USING ERRCODE = TG_ARGV[0];
          END IF;
          RETURN NEW;
        END $$
        """);
    database.run(
        "CREATE TRIGGER fails BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fail('"
            + sqlState
            + "')");
  }

  private void awaitWaiting() {
    await().until(() -> database.waiting() > 0);
  }

  private void terminateAll() {
    database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            + " WHERE application_name = 'zerodowntime' AND datname = current_database()");
  }
}
