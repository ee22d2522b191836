package io.zerodowntime.platform;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OutcomeTest {

  @ParameterizedTest
  @MethodSource("unsent")
  void whatWasNeverSentWasNotDone(Throwable failure) {
    assertThat(Outcome.of(failure)).isEqualTo(Outcome.NOT_DONE);
  }

  static Stream<Throwable> unsent() {
    return Stream.of(
        new ConnectException(),
        new UnknownHostException("nowhere.invalid"),
        new NoRouteToHostException("no route"),
        new NotConnectedException(new IOException("reset while logging in")),
        new BusyException("made up"),
        new NoStackTraceThrowable("Connection is not active now, current status: CLOSED"),
        new NoStackTraceThrowable(
            "Pending requests failed to be sent due to connection has been closed."));
  }

  @Test
  void tellsWhatIsBusyFromWhatIsAway() {
    assertThat(Outcome.isBusy(refused("55P03"))).isTrue();
    assertThat(Outcome.isBusy(new BusyException("made up"))).isTrue();
    assertThat(Outcome.isBusy(refused("57P01"))).isFalse();
    assertThat(Outcome.isAway(new NotConnectedException(new ConnectException("x")))).isTrue();
    assertThat(Outcome.isAway(ClosedConnectionException.INSTANCE)).isFalse();
  }

  @Test
  void aConnectionThatBreaksLeavesItOpen() {
    assertThat(Outcome.of(ClosedConnectionException.INSTANCE)).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  void whatTheServerRefusedIsJudgedByItsState() {
    assertThat(Outcome.of(refused("57P01"))).isEqualTo(Outcome.NOT_DONE);
    assertThat(Outcome.of(refused("42703"))).isEqualTo(Outcome.STALE);
    assertThat(Outcome.of(refused("23505"))).isEqualTo(Outcome.FINAL);
  }

  private static PgException refused(String state) {
    return new PgException("refused", "ERROR", state, "");
  }
}
