package io.zerodowntime.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Statements that are prepared on every pooled connection, and DDL that changes what they name. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class CachedPlanTest {
  private static final int CLIENTS = 16;

  @Inject EngineDatabase database;
  private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
  private final AtomicInteger keys = new AtomicInteger();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
    assertThat(Api.order("new").statusCode()).isEqualTo(201);
    warm();
  }

  @AfterEach
  void end() {
    clients.shutdownNow();
    database.run("ALTER TABLE orders ALTER COLUMN status TYPE varchar(50)");
  }

  @Test
  void noRequestFailsWhenAResultTypeChanges() throws Exception {
    assertNoneFailsWhile(
        () -> {
          for (String type : List.of("text", "varchar(60)", "text", "varchar(50)")) {
            database.run("ALTER TABLE orders ALTER COLUMN status TYPE " + type);
            warm();
          }
        });
  }

  @Test
  void noRequestFailsWhenTheOldColumnGoesUnderAFenceThatBelievesInPhase1() throws Exception {
    database.run("ALTER TABLE orders ALTER COLUMN old_status DROP NOT NULL");
    database.run("UPDATE migration_state SET phase = 3, epoch = epoch + 1");
    database.run("ALTER TABLE orders DROP COLUMN old_status");

    assertAllSucceed(every());
    assertThat(database.number("SELECT count(*) FROM orders WHERE status IS NULL")).isZero();
  }

  @Test
  void noRequestFailsWhenTheNewColumnComesUnderAFenceThatBelievesInPhase0() throws Exception {
    database.phase(0);
    warm();
    database.run("ALTER TABLE orders DROP COLUMN status");
    warm();
    assertNoneFailsWhile(
        () -> {
          database.run("ALTER TABLE orders ADD COLUMN status varchar(50)");
          database.run("UPDATE migration_state SET phase = 1, epoch = epoch + 1");
          warm();
        });
  }

  private interface Change {
    void run() throws Exception;
  }

  private void assertNoneFailsWhile(Change change) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    List<Future<List<Response>>> traffic = new ArrayList<>();
    ExecutorService others = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 2; i++) {
        traffic.add(others.submit(() -> until(done)));
      }
      change.run();
    } finally {
      done.set(true);
      others.shutdown();
    }
    for (Future<List<Response>> each : traffic) {
      assertThat(each.get()).isNotEmpty().allSatisfy(CachedPlanTest::assertSucceeded);
    }
  }

  private List<Response> until(AtomicBoolean done) throws Exception {
    List<Response> answers = new ArrayList<>();
    do {
      for (Callable<Response> call : every()) {
        answers.add(call.call());
      }
    } while (!done.get());
    return answers;
  }

  /** Enough at once that every connection of the pool has every statement. */
  private void warm() throws Exception {
    for (Callable<Response> call : every()) {
      assertAllSucceed(Collections.nCopies(CLIENTS, call));
    }
  }

  private List<Callable<Response>> every() {
    return List.of(
        () -> Api.order("paid"),
        () -> Api.order("key-" + keys.incrementAndGet(), "paid"),
        () -> Api.change(1, "sent"),
        () -> Api.change("key-" + keys.incrementAndGet(), 1, "sent"),
        () -> Api.find(1),
        () -> Api.json("").get("/orders?status=paid&limit=2"),
        () -> Api.json("").get("/orders?userId=7&limit=2"));
  }

  private void assertAllSucceed(List<Callable<Response>> calls) throws Exception {
    for (Future<Response> answer : clients.invokeAll(calls)) {
      assertSucceeded(answer.get());
    }
  }

  private static void assertSucceeded(Response answer) {
    assertThat(answer.statusCode()).as(answer.asString()).isBetween(200, 299);
  }
}
