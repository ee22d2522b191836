package io.zerodowntime.redis;

import static io.zerodowntime.redis.RedisClients.KEY;
import static io.zerodowntime.redis.RedisClients.awaitStored;
import static io.zerodowntime.redis.RedisClients.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zerodowntime.testing.RedisServer;
import io.zerodowntime.testing.RequiresRedis;
import io.zerodowntime.testing.Timeouts;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Proves what becomes of callers whom Redis does not answer. */
@RequiresRedis
@Execution(ExecutionMode.CONCURRENT)
class RedisAwayTest {
  private final RedisClients clients = new RedisClients();

  @AfterEach
  void close() throws Exception {
    clients.close();
  }

  @Test
  void givesUpASilentConnectionAndMakesAnother() {
    RedisServer server = clients.server();
    Redis redis = clients.client("redis://127.0.0.1:" + server.port());
    awaitStored(redis);
    long answered = clients.calls("answered");
    server.signal("STOP");
    try {
      // one attempt after another ends without an answer, and the circuit breaker keeps others back
      awaitRefused(redis, "timeout", 6);
      awaitRefused(redis, "not_sent", 6);
      assertThat(clients.calls("answered")).isEqualTo(answered);
      assertThat(clients.breaker()).isNotZero();
    } finally {
      server.signal("CONT");
    }
    awaitStored(redis);
    assertThat(clients.calls("answered")).isGreaterThan(answered);
  }

  @Test
  void connectsAgainToAServerThatWasKilled() {
    RedisServer server = clients.server();
    Redis redis = clients.client("redis://127.0.0.1:" + server.port());
    awaitStored(redis);
    server.kill();
    awaitRefused(redis, "not_connected", 2);
    server.start();

    awaitStored(redis);
  }

  /** Its timer, the end of its connection and a failed command may all end it. */
  @Test
  void aConnectionInTheMakingMayBeEndedTwice() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      RedisLink link = clients.link("redis://127.0.0.1:" + silent.getLocalPort());
      try (Socket made = silent.accept()) {
        link.close();
        link.close();

        assertThat(made.getInputStream().readAllBytes()).as("ended by the client").isNotNull();
      }
      assertThat(link.isDead()).isTrue();
    }
  }

  /** Sends commands, none of which is answered, until so many have ended so. */
  private void awaitRefused(Redis redis, String result, int times) {
    Timeouts.await()
        .until(
            () -> {
              // at once: the second one comes before the back-off is over
              for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> get(redis, KEY, 100))
                    .isInstanceOf(NoRedisAnswerException.class);
              }
              return clients.calls(result) >= times;
            });
  }
}
