package io.zerodowntime.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.core.JsonParseException;
import io.netty.handler.codec.http.HttpVersion;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.vertx.core.http.HttpClosedException;
import io.zerodowntime.testing.EngineProfile;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.handlers.ConsoleHandler;
import org.jboss.resteasy.reactive.server.handlers.PublisherResponseHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A client that leaves a stream of events is not logged; a stream that fails is. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class LogFilterTest {
  private static final String PIPELINE = "io.netty.channel.DefaultChannelPipeline";
  private static final String STREAMS = PublisherResponseHandler.class.getName();

  static Throwable[] disconnects() {
    return new Throwable[] {
      new ClosedChannelException(),
      new IOException("Connection reset by peer"),
      new HttpClosedException("Connection was closed")
    };
  }

  @ParameterizedTest
  @MethodSource("disconnects")
  void aClientThatLeavesIsNotLogged(Throwable thrown) {
    assertThat(isLogged(STREAMS, thrown)).isFalse();
  }

  @Test
  void whatIsNotHttpIsNotLogged() {
    Throwable malformed = catchThrowable(() -> HttpVersion.valueOf(" "));

    assertThat(isLogged(PIPELINE, malformed)).isFalse();
    assertThat(isLogged(PIPELINE, new IllegalArgumentException("of ours"))).isTrue();
    assertThat(isLogged("io.zerodowntime.orders", malformed)).isTrue();
  }

  @Test
  void everythingElseIsLogged() {
    assertThat(isLogged(STREAMS, new IllegalStateException("no row"))).isTrue();
    assertThat(isLogged(STREAMS, new JsonParseException(null, "no JSON"))).isTrue();
    assertThat(isLogged(STREAMS, null)).isTrue();
    assertThat(isLogged("io.zerodowntime.orders", new ClosedChannelException())).isTrue();
  }

  /** As the console of the running application decides, by its configuration. */
  private static boolean isLogged(String logger, Throwable thrown) {
    LogRecord logged = new LogRecord(Level.SEVERE, "Exception in SSE server handling");
    logged.setLoggerName(logger);
    logged.setThrown(thrown);
    return console().isLoggable(logged);
  }

  private static Handler console() {
    return Arrays.stream(Logger.getLogger("").getHandlers())
        .flatMap(LogFilterTest::withNested)
        .filter(ConsoleHandler.class::isInstance)
        .findFirst()
        .orElseThrow();
  }

  private static Stream<Handler> withNested(Handler handler) {
    return handler instanceof ExtHandler outer
        ? Stream.concat(Stream.of(handler), Arrays.stream(outer.getHandlers()))
        : Stream.of(handler);
  }
}
