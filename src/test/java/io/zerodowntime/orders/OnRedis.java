package io.zerodowntime.orders;

import static io.zerodowntime.orders.OrdersApi.json;
import static io.zerodowntime.orders.OrdersApi.order;
import static io.zerodowntime.orders.OrdersApi.post;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.restassured.response.Response;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.Timeouts;
import jakarta.inject.Inject;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;

/** The service with an empty Redis, and what tests of repeated writes ask of both. */
abstract class OnRedis {
  @Inject OrdersDatabase database;
  @Inject ReplayHistoryReader histories;
  @Inject MeterRegistry registry;
  RedisServer redis;

  @BeforeEach
  void reset() throws Exception {
    database.reset(0);
    redis.run("FLUSHALL");
    look();
    look();
  }

  /** Until Redis has answered; every answer before that is right as well. */
  final void awaitAnswers(Response first, Supplier<Response> again) {
    double hits = lookups(ReplayLookup.HIT);
    Timeouts.await()
        .until(
            () -> {
              look();
              assertReplays(first, again.get());
              return lookups(ReplayLookup.HIT) > hits;
            });
  }

  final Response of(String client, String key) {
    return json(order("paid"))
        .header("Idempotency-Key", key)
        .header("X-Client-Id", client)
        .post("/orders");
  }

  final Response stored(String key, String body) {
    return stored(() -> post(key, body));
  }

  /** Sends it until Redis has its response: a busy machine misses the 20 ms at times. */
  final Response stored(Supplier<Response> write) {
    String before = redis.run("DBSIZE");
    Response first = write.get();
    assertThat(first.statusCode()).isIn(200, 201);
    Timeouts.await()
        .until(
            () -> {
              look();
              assertReplays(first, write.get());
              return !redis.run("DBSIZE").equals(before);
            });
    return first;
  }

  /** The one entry. */
  final String key() {
    String keys = redis.run("KEYS", "zerodowntime:replay:*");
    assertThat(keys.lines()).hasSize(1);
    return keys;
  }

  /** What a timer does once a second; the answer is of use for three seconds. */
  final void look() {
    histories.look().await().atMost(Timeouts.LIMIT);
  }

  final double lookups(ReplayLookup result) {
    return registry.get("orders.replay.lookups").tag("result", result.label()).counter().count();
  }

  static void assertReplays(Response first, Response again) {
    assertThat(again.statusCode()).isEqualTo(first.statusCode());
    assertThat(again.asString()).isEqualTo(first.asString());
    assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
  }
}
