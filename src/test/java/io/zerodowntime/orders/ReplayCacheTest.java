package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.patch;
import static io.zerodowntime.orders.OrdersApi.post;
import static io.zerodowntime.orders.OrdersApi.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.testing.RedisProfile;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Proves that a repeated write is answered from Redis, within one history of the database. */
@Tag("protocol")
@QuarkusTest
@TestProfile(RedisProfile.class)
@RequiresRedis
class ReplayCacheTest extends OnRedis {
  @Test
  void answersARepeatedWriteFromRedis() {
    Response first = stored("a-key", order("paid"));

    awaitAnswers(first, () -> post("\"a-key\"", order("paid")));
    assertThat(database.count("orders")).isEqualTo(1);
    assertThat(Long.parseLong(redis.run("PTTL", key()))).isBetween(1L, 600_000L);
  }

  @Test
  void answersARepeatedChangeFromRedis() {
    post(order("paid"));
    Response first = stored(() -> patch("a-key", 1, status("sent")));
    patch(1, status("back"));

    awaitAnswers(first, () -> patch("a-key", 1, status("sent")));
    assertThat(database.rows("SELECT old_status FROM orders")).containsExactly("BACK");
  }

  @Test
  void storesAgainWhatTheDatabaseReplays() {
    Response first = stored("a-key", order("paid"));
    redis.run("FLUSHALL");

    awaitAnswers(first, () -> post("a-key", order("paid")));
  }

  @Test
  void keysOfClientsAreApart() {
    Response one = stored(() -> of("one", "a-key"));
    Response other = stored(() -> of("other", "a-key"));

    assertThat(other.jsonPath().getLong("id")).isNotEqualTo(one.jsonPath().getLong("id"));
    awaitAnswers(one, () -> of("one", "a-key"));
    awaitAnswers(other, () -> of("other", "a-key"));
  }

  @Test
  void refusesAnotherRequestUnderTheKey() {
    stored("a-key", order("paid"));

    assertThat(post("a-key", order("sent")).statusCode()).isEqualTo(422);
    assertThat(patch("a-key", 1, status("paid")).statusCode()).isEqualTo(422);
  }

  @Test
  void entriesOfAnotherEpochAreNotAskedFor() {
    Response first = stored("a-key", order("paid"));
    database.run("UPDATE migration_state SET epoch = epoch + 1 WHERE name = 'orders-status'");
    look();
    double misses = lookups(ReplayLookup.MISS);

    Timeouts.await()
        .until(
            () -> {
              look();
              assertReplays(first, post("a-key", order("paid")));
              return lookups(ReplayLookup.MISS) > misses;
            });
  }

  @Test
  void aNewSecretVoidsEveryEntry() {
    Response first = stored("a-key", order("paid"));
    String name = key();
    database.run("DELETE FROM idempotency_key WHERE key LIKE ' secret%'");
    look();
    look();
    assertReplays(first, post("a-key", order("paid")));
    Timeouts.await()
        .until(
            () -> {
              look();
              assertReplays(first, post("a-key", order("paid")));
              return redis.run("KEYS", "*").lines().anyMatch(each -> !each.equals(name));
            });
  }
}
