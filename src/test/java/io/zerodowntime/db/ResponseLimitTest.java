package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.vertx.sqlclient.impl.command.CloseConnectionCommand;
import io.vertx.sqlclient.impl.command.CommandResponse;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a connection is closed when it does not answer, and only then. */
class ResponseLimitTest {
  private static final Duration ANSWER = Duration.ofSeconds(6);
  private static final Duration AFTER_RETURN = Duration.ofSeconds(1);

  private final AtomicLong now = new AtomicLong();
  private final LongAdder closed = new LongAdder();
  private OptionalLong back = OptionalLong.empty();
  private EmbeddedChannel connection;

  @BeforeEach
  void connect() {
    connection = new EmbeddedChannel();
    connection.freezeTime();
    connection
        .pipeline()
        .addLast(
            new ResponseLimit(
                new ResponseLimit.Limits(ANSWER, AFTER_RETURN), () -> back, closed, now::get));
  }

  private void send() {
    connection.writeOutbound(CloseConnectionCommand.INSTANCE);
  }

  private void answer() {
    connection.writeInbound(CommandResponse.success(null));
  }

  private void pass(Duration time) {
    for (long passed = 0; passed < time.toMillis(); passed += 100) {
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
      connection.advanceTimeBy(100, TimeUnit.MILLISECONDS);
      connection.runScheduledPendingTasks();
    }
  }

  private void comesBack() {
    back = OptionalLong.of(now.get());
  }

  @Test
  void aConnectionWithoutAStatementStaysOpen() {
    pass(ANSWER.multipliedBy(2));
    comesBack();
    pass(ANSWER.multipliedBy(2));

    assertThat(connection.isOpen()).isTrue();
  }

  @Test
  void aStatementHasItsTimeAndNotMore() {
    send();
    pass(ANSWER);
    assertThat(connection.isOpen()).isTrue();

    pass(AFTER_RETURN);

    assertThat(connection.isOpen()).isFalse();
    assertThat(closed.sum()).isOne();
  }

  @Test
  void aStatementFromBeforeTheReturnHasLittleTime() {
    send();
    pass(Duration.ofSeconds(4));
    comesBack();
    pass(AFTER_RETURN);
    assertThat(connection.isOpen()).as("its answer may be on the way").isTrue();

    pass(AFTER_RETURN);

    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void theFirstStatementAfterTheReturnHasLittleTime() {
    comesBack();
    pass(Duration.ofSeconds(4));
    send();
    pass(AFTER_RETURN);
    assertThat(connection.isOpen()).isTrue();

    pass(AFTER_RETURN);

    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void aConnectionThatAnsweredSinceTheReturnIsTrusted() {
    send();
    pass(Duration.ofSeconds(4));
    comesBack();
    pass(Duration.ofMillis(100));
    answer();
    send();

    pass(ANSWER);

    assertThat(connection.isOpen()).isTrue();
  }

  @Test
  void everyAnswerOnAPipelinedConnectionBeginsTheTimeAnew() {
    send();
    send();
    pass(ANSWER);
    answer();

    pass(ANSWER);
    assertThat(connection.isOpen()).isTrue();

    pass(AFTER_RETURN);
    assertThat(connection.isOpen()).isFalse();
  }

  /** Each pool has its connections again soon after a network that lost them is back. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        DatabasePools.ORDERS,
        DatabasePools.ROWS,
        DatabasePools.READS,
        DatabasePools.CONTROL,
        DatabasePools.ENGINE
      })
  void noPoolWaitsForLongOnceTheDatabaseIsBack(String pool) {
    PoolSettings settings =
        new PoolSettings(
            Duration.ofSeconds(5),
            24,
            Map.of("orders", 2, "rows", 2, "reads", 1, "control", 1, "engine", 2));
    assertThat(settings.of(pool).response().afterReturn())
        .isLessThanOrEqualTo(Duration.ofSeconds(10));
  }
}
