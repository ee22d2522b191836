package io.zerodowntime.http.limit;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.MetricsScrape;
import io.zerodowntime.testing.RedisProfile;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.ReferencePage;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Proves that instances share their quotas in Redis, and that each counts on its own while Redis is
 * away or holds nonsense. The window is an hour: nothing becomes free again while the test runs.
 */
@QuarkusTest
@TestProfile(SharedRateLimitTest.FiveAnHour.class)
@RequiresRedis
class SharedRateLimitTest {
  private static final String ORDERS = "/orders?limit=1";

  @Inject EngineDatabase database;
  @Inject MeterRegistry registry;
  RedisServer redis;

  @BeforeEach
  void reset() throws Exception {
    database.reset();
    database.phase(1);
  }

  @Test
  void aClientIsRefusedByWhatAnotherInstanceHasCounted() {
    String name = awaitStored("192.0.2.60", "c000023c");
    String[] time = redis.run("TIME").split("\\s+", -1);
    long whole = (Long.parseLong(time[0]) + 3600) * 1_000_000;
    redis.run("SET", name, String.valueOf(whole));
    double before = decided("shared", "refused");

    Timeouts.await()
        .until(
            () -> {
              from("192.0.2.60").get(ORDERS);
              return decided("shared", "refused") > before;
            });
  }

  @Test
  void eachInstanceCountsOnItsOwnWhileRedisIsAwayOrWrong() {
    redis.signal("STOP");
    try {
      exhaust("192.0.2.40");
      assertThat(decided("fallback", "refused")).isPositive();
    } finally {
      redis.signal("CONT");
    }
    String name = awaitStored("192.0.2.41", "c0000229");
    for (String lie : new String[] {"garbage", "1e300", "-1", ""}) {
      redis.run("SET", name, lie);
      assertThat(from("192.0.2.41").get(ORDERS).statusCode()).isIn(200, 429);
    }
    redis.run("DEL", name);
    redis.run("LPUSH", name, "wrong type");
    assertThat(from("192.0.2.41").get(ORDERS).statusCode()).isIn(200, 429);
    assertThat(redis.run("TYPE", name)).isEqualTo("list");
  }

  @Test
  void theNumberInRedisIsThatOfTheAlgorithm() {
    String name = awaitStored("192.0.2.50", "c0000232");
    long whole = Long.parseLong(redis.run("GET", name));
    String[] time = redis.run("TIME").split("\\s+", -1);
    long now = Long.parseLong(time[0]) * 1_000_000 + Long.parseLong(time[1]);

    Quota quota = new Quota(5, 3_600_000_000L);
    assertThat(whole - now).isBetween(0L, quota.window());
    assertThat(Long.parseLong(redis.run("PTTL", name))).isBetween(1L, quota.window() / 1000);
  }

  @Test
  void theReferenceHasEveryMetric() {
    ReferencePage page = ReferencePage.read(Path.of("docs/reference.md"));
    Map<String, String> documented = new TreeMap<>();
    page.rows("redis metric")
        .forEach(
            row ->
                documented.put(
                    ReferencePage.code(row.get(0)),
                    row.get(1) + " " + new TreeSet<>(ReferencePage.inside(row.get(2)))));

    assertThat(documented)
        .containsExactlyInAnyOrderEntriesOf(
            MetricsScrape.of(given().get("/q/metrics").asString())
                .families("(redis_|m__|rate_limit_|orders_replay_)[a-z_]+"));
  }

  private void exhaust(String address) {
    for (int i = 0; i < 100; i++) {
      if (from(address).get(ORDERS).statusCode() == 429) {
        return;
      }
    }
    throw new AssertionError("not refused");
  }

  /** Until Redis has counted it, which a busy machine misses at times; the name of its number. */
  private String awaitStored(String address, String name) {
    String pattern = "zerodowntime:limit:*address:" + name;
    return Timeouts.await()
        .until(
            () -> {
              from(address).get(ORDERS);
              return redis.run("KEYS", pattern);
            },
            found -> !found.isEmpty());
  }

  private double decided(String by, String result) {
    return registry
        .get("rate.limit.requests")
        .tag("by", by)
        .tag("result", result)
        .counter()
        .count();
  }

  private static RequestSpecification from(String address) {
    return given().header("X-Forwarded-For", address);
  }

  /** The test itself is the proxy. */
  public static final class FiveAnHour extends RedisProfile {
    public FiveAnHour() {
      super(
          "client.trusted-proxies",
          "127.0.0.0/8,::1",
          "rate-limit.requests",
          "5",
          "rate-limit.window",
          "1H");
    }
  }
}
