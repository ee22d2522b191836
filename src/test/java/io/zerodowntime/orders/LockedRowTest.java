package io.zerodowntime.orders;

import static io.zerodowntime.testing.EngineDatabase.execute;
import static io.zerodowntime.testing.Timeouts.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.Api;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A client of the database that keeps a row locked holds up its own row and nothing else. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class LockedRowTest {
  private static final int WRITERS = 80;

  @Inject EngineDatabase database;
  @Inject Engine engine;
  private final ExecutorService clients = Executors.newCachedThreadPool();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
    database.orders(2);
  }

  @AfterEach
  void end() {
    clients.shutdownNow();
  }

  @Test
  void everythingElseGoesOnWhileManyWaitForOneRow() throws Exception {
    try (Connection holder = database.session("holder")) {
      execute(holder, "SELECT FROM orders WHERE id = 1 FOR UPDATE");
      List<Future<Response>> waiting =
          IntStream.range(0, WRITERS)
              .mapToObj(each -> clients.submit(() -> Api.change(1, "paid")))
              .toList();
      await().until(() -> database.waiting() > 0);

      assertThat(Api.order("paid").statusCode()).as("an order").isEqualTo(201);
      assertThat(Api.order("a-key", "paid").statusCode()).as("a keyed order").isEqualTo(201);
      assertThat(Api.find(1).statusCode()).as("the order itself").isEqualTo(200);
      engine.beat();
      assertThat(database.waiting()).as("still").isPositive();

      for (Future<Response> each : waiting) {
        Response answer = each.get();
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.jsonPath().getString("type")).isEqualTo("urn:problem:busy");
        assertThat(answer.header("Retry-After")).isNotBlank();
      }
      holder.rollback();
    }
    assertThat(Api.change(1, "shipped").statusCode()).isEqualTo(200);
    assertThat(database.rows("SELECT DISTINCT status FROM orders WHERE id = 1"))
        .containsExactly("shipped");
  }
}
