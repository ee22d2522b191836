package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.post;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.zerodowntime.redis.Redis;
import io.zerodowntime.redis.RedisUse;
import io.zerodowntime.testing.RedisProfile;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that nothing that a Redis does changes an answer. */
@Tag("protocol")
@QuarkusTest
@TestProfile(RedisProfile.class)
@RequiresRedis
class ReplayFaultsTest extends OnRedis {
  private static final Duration TTL = Duration.ofHours(24);

  @Inject Redis client;

  @Test
  void doesNotServeTheEntryOfAnotherClient() {
    Response mine = stored("a-key", order("paid"));
    String name = key();
    stored(() -> of("other", "a-key"));
    for (String each : redis.run("KEYS", "*").lines().toList()) {
      redis.run("COPY", each, name, "REPLACE");
      assertReplays(mine, post("a-key", order("paid")));
      redis.run("COPY", name, each, "REPLACE");
    }
    assertThat(database.count("orders")).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"wrong type", "garbage", "empty", "very long", "a changed byte", "cut off"})
  void goesToTheDatabaseWhereRedisHasSomethingElse(String lie) {
    Response first = stored("a-key", order("paid"));
    String name = key();
    switch (lie) {
      case "wrong type" -> {
        redis.run("DEL", name);
        redis.run("LPUSH", name, "a", "b");
      }
      case "garbage" -> redis.run("SET", name, "{\"id\":666}");
      case "empty" -> redis.run("SET", name, "");
      case "very long" -> redis.run("SETRANGE", name, "100000000", "x");
      case "a changed byte" -> redis.run("SETRANGE", name, "80", "X");
      default ->
          redis.run(
              "EVAL", "redis.call('SET',KEYS[1],redis.call('GETRANGE',KEYS[1],0,-2))", "1", name);
    }

    assertReplays(first, post("a-key", order("paid")));
    assertThat(database.count("orders")).isEqualTo(1);
  }

  @Test
  void doesNotServeAnEntryThatTheDatabaseMayHaveForgotten() {
    Response first = stored("a-key", order("paid"));
    sign("{\"id\":666,\"amount\":1}", Duration.ofSeconds(-1));
    double hits = lookups(ReplayLookup.HIT);
    assertReplays(first, post("a-key", order("paid")));
    assertThat(lookups(ReplayLookup.HIT)).isEqualTo(hits);

    sign("{\"id\":666,\"amount\":1}", Duration.ofMinutes(5));
    Timeouts.await()
        .until(() -> post("a-key", order("paid")).asString().equals("{\"id\":666,\"amount\":1}"));
  }

  /** Stores a response under "a-key" as an instance would have, whose key has so much time left. */
  private void sign(String response, Duration left) {
    look();
    ReplayHistory history = histories.current().orElseThrow();
    String name = ReplayEntry.name(history.secret(), history.name(), "a-key");
    byte[] fingerprint =
        HexFormat.of()
            .parseHex(
                database
                    .rows(
                        "SELECT encode(fingerprint, 'hex') FROM idempotency_key WHERE key = 'a-key'")
                    .get(0));
    Instant keyedAt = history.at().minus(TTL).plus(left);
    byte[] entry =
        new ReplayEntry(201, response, keyedAt, null).signed(history.secret(), name, fingerprint);
    Timeouts.await()
        .ignoreExceptions()
        .until(
            () -> {
              client
                  .set(RedisUse.REPLAY_WRITE, name, entry, Duration.ofMinutes(1))
                  .await()
                  .atMost(Timeouts.LIMIT);
              return true;
            });
  }

  @Test
  void aDumpOfBeforeIsAsGoodAsItWas() throws Exception {
    Response first = stored("a-key", order("paid"));
    redis.run("SAVE");
    Path dump = redis.directory().resolve("dump.rdb");
    Path kept = Files.copy(dump, redis.directory().resolve("kept.rdb"));
    redis.run("FLUSHALL");
    Response later = stored("later", order("sent"));
    redis.kill();
    Files.move(kept, dump, StandardCopyOption.REPLACE_EXISTING);
    redis.start();
    Files.delete(dump);

    awaitAnswers(first, () -> post("a-key", order("paid")));
    assertReplays(later, post("later", order("sent")));
    assertThat(database.count("orders")).isEqualTo(2);
  }

  @Test
  void aRedisThatIsKilledOrFullChangesNoAnswer() {
    Response first = stored("a-key", order("paid"));
    redis.kill();
    for (int i = 0; i < 5; i++) {
      assertReplays(first, post("a-key", order("paid")));
      assertThat(post("new-" + i, order("paid")).statusCode()).isEqualTo(201);
    }
    redis.start();
    redis.run("CONFIG", "SET", "maxmemory", "1");
    assertReplays(first, post("a-key", order("paid")));
    assertThat(post("full", order("paid")).statusCode()).isEqualTo(201);
    redis.run("CONFIG", "SET", "maxmemory", "0");
    awaitAnswers(first, () -> post("a-key", order("paid")));
    assertThat(database.count("orders")).isEqualTo(7);
  }

  @Test
  void aRedisThatIsPausedChangesNoAnswer() {
    Response first = stored("a-key", order("paid"));
    redis.signal("STOP");
    try {
      for (int i = 0; i < 5; i++) {
        assertReplays(first, post("a-key", order("paid")));
        assertThat(post("new-" + i, order("paid")).statusCode()).isEqualTo(201);
      }
    } finally {
      redis.signal("CONT");
    }
    awaitAnswers(first, () -> post("a-key", order("paid")));
    assertThat(database.count("orders")).isEqualTo(6);
  }
}
