package io.zerodowntime.redis;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.Timeouts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Servers of Redis and what the program sends to them, for a test; it ends them all. */
final class RedisClients implements AutoCloseable {
  /** A key that {@link #awaitStored} stores "value" under. */
  static final String KEY = "zerodowntime:a";

  private final Vertx vertx = Vertx.vertx();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final List<AutoCloseable> opened = new ArrayList<>();

  RedisServer server(String... options) {
    return server(RedisServer.freePort(), options);
  }

  RedisServer server(int port, String... options) {
    return opened(new RedisServer(port, options));
  }

  Redis client(String url) {
    Redis redis = new Redis(vertx, new RedisMetrics(registry), Optional.of(url));
    redis.start(new StartupEvent());
    opened(() -> redis.stop(new ShutdownEvent()));
    return redis;
  }

  RedisLink link(String url) {
    return new RedisLink(vertx, RedisUrl.parse(url));
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(0, resource);
    return resource;
  }

  /**
   * Waits until it answers: it may be away at first, and its first answers may come too late, while
   * classes are loaded and connections are made.
   */
  static void awaitStored(Redis redis) {
    byte[] value = "value".getBytes(StandardCharsets.UTF_8);
    Timeouts.await()
        .ignoreExceptionsInstanceOf(NoRedisAnswerException.class)
        .until(
            () -> {
              redis
                  .set(RedisUse.REPLAY_WRITE, KEY, value, Duration.ofMinutes(1))
                  .await()
                  .atMost(Timeouts.LIMIT);
              return get(redis, KEY, 9).equals("value");
            });
  }

  /**
   * Reads as callers do.
   *
   * @throws NoRedisAnswerException if there is no answer
   */
  static String get(Redis redis, String key, int longest) {
    byte[] found = redis.get(RedisUse.REPLAY_READ, key, longest).await().atMost(Timeouts.LIMIT);
    return new String(found, StandardCharsets.UTF_8);
  }

  /** How many commands ended so, of all clients. */
  long calls(String result) {
    return registry.find("redis.command.seconds").tag("result", result).timers().stream()
        .mapToLong(Timer::count)
        .sum();
  }

  /** The circuit breaker of the one client: 0 closed, 1 one attempt, 2 open. */
  int breaker() {
    return (int) registry.get("redis.circuit.breaker.state").gauge().value();
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }
}
