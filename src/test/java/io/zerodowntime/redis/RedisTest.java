package io.zerodowntime.redis;

import static io.zerodowntime.redis.RedisClients.KEY;
import static io.zerodowntime.redis.RedisClients.awaitStored;
import static io.zerodowntime.redis.RedisClients.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves how Redis is reached. */
@RequiresRedis
class RedisTest {
  private final RedisClients clients = new RedisClients();

  @AfterEach
  void close() throws Exception {
    clients.close();
  }

  @Test
  void readsWhatItHasStored() {
    RedisServer server = clients.server();
    Redis redis = clients.client("redis://127.0.0.1:" + server.port());
    awaitStored(redis);

    assertThat(get(redis, KEY, 100)).isEqualTo("value");
    assertThat(get(redis, KEY, 2)).isEqualTo("va");
    assertThat(get(redis, "zerodowntime:b", 100)).isEmpty();
    assertThat(Long.parseLong(server.run("PTTL", KEY))).isBetween(1L, 60_000L);
  }

  /**
   * The rights that docs/redis.md names, and a password with every character that has a meaning.
   */
  @Test
  void logsInAsAUserWithFewRights() {
    RedisServer server = clients.server();
    server.run("CONFIG", "SET", "requirepass", "other");
    server.run(
        "--pass",
        "other",
        "ACL",
        "SETUSER",
        "orders",
        "on",
        ">p@s:s/w?r#d+%",
        "~zerodowntime:*",
        "-@all",
        "+getrange",
        "+get",
        "+set",
        "+eval",
        "+evalsha",
        "+time",
        "+hello",
        "+auth",
        "+ping",
        "+select");
    String login = "orders:p%40s%3As%2Fw%3Fr%23d+%25";
    Redis redis = clients.client("redis://" + login + "@127.0.0.1:" + server.port() + "/0");
    awaitStored(redis);

    assertThat(get(redis, KEY, 100)).isEqualTo("value");
    assertThatThrownBy(() -> get(redis, "other", 100)).hasMessageContaining("NOPERM");
    assertThat(
            redis
                .run(
                    RedisUse.RATE_LIMIT,
                    RedisScript.of("return {redis.call('TIME')[1] + 0, tonumber(ARGV[1])}"),
                    "zerodowntime:x",
                    7)
                .await()
                .atMost(Timeouts.LIMIT)
                .get(1)
                .toLong())
        .isEqualTo(7);
    Redis wrong = clients.client("redis://orders:wrong@127.0.0.1:" + server.port());
    assertThatThrownBy(() -> get(wrong, KEY, 100)).isInstanceOf(NoRedisAnswerException.class);
  }

  /** Each of them is refused with one line, which never repeats the password. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://host",
        "redis://",
        "redis://secret@host",
        "redis://user:sec@ret@host",
        "redis://user:secret@host:70000",
        "redis://user:secret@host/zero",
        "redis://user:secret%zz@host",
        "redis://user:secret@host?sslrootcert=/x",
        "rediss://user:secret@host?sslmode=none",
        "rediss://user:secret@host?sslcert=/x",
        "rediss://user:secret@host?sslrootcert=/not/there",
      })
  void refusesAMalformedUrl(String url) {
    assertThatThrownBy(() -> clients.client(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("REDIS_URL ")
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("sec"));
  }
}
