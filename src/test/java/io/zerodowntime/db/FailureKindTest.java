package io.zerodowntime.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Proves that a failed statement is judged rightly: not done, unknown, stale or final. */
class FailureKindTest {

  @ParameterizedTest
  @MethodSource("unsent")
  void whatWasNeverSentWasNotDone(Throwable failure) {
    assertThat(FailureKind.of(failure)).isEqualTo(FailureKind.NOT_DONE);
  }

  static Stream<Throwable> unsent() {
    return Stream.of(
        new ConnectException(),
        new UnknownHostException("nowhere.invalid"),
        new NoRouteToHostException("no route"),
        new NotConnectedException(new IOException("reset while logging in")),
        new DatabaseBusyException("made up"),
        new NoStackTraceThrowable("Connection is not active now, current status: CLOSED"),
        new NoStackTraceThrowable(
            "Pending requests failed to be sent due to connection has been closed."));
  }

  @Test
  void tellsWhatIsBusyFromWhatIsAway() {
    assertThat(FailureKind.isBusy(refused("55P03"))).isTrue();
    assertThat(FailureKind.isBusy(new DatabaseBusyException("made up"))).isTrue();
    assertThat(FailureKind.isBusy(refused("57P01"))).isFalse();
    assertThat(FailureKind.isAway(new NotConnectedException(new ConnectException("x")))).isTrue();
    assertThat(FailureKind.isAway(ClosedConnectionException.INSTANCE)).isFalse();
  }

  /** Without this, the log of an issuer that does not answer would say "TimeoutException". */
  @Test
  void aTimeoutWithoutAMessageIsDescribedInWords() {
    for (Throwable timeout :
        List.of(new TimeoutException(), new io.smallrye.mutiny.TimeoutException())) {
      assertThat(NotConnectedException.describe(timeout)).isEqualTo("no answer in time");
    }
    assertThat(NotConnectedException.describe(new IOException("reset"))).isEqualTo("reset");
  }

  @Test
  void aConnectionThatBreaksLeavesItOpen() {
    assertThat(FailureKind.of(ClosedConnectionException.INSTANCE)).isEqualTo(FailureKind.UNKNOWN);
  }

  @Test
  void whatTheServerRefusedIsJudgedByItsState() {
    assertThat(FailureKind.of(refused("57P01"))).isEqualTo(FailureKind.NOT_DONE);
    assertThat(FailureKind.of(refused("42703"))).isEqualTo(FailureKind.STALE);
    assertThat(FailureKind.of(refused("23505"))).isEqualTo(FailureKind.FINAL);
  }

  /** A pooler ends a connection with one state, whatever the reason. */
  @ParameterizedTest
  @CsvSource({
    "server conn crashed?, UNKNOWN",
    "server_lifetime, UNKNOWN",
    "query_wait_timeout, NOT_DONE",
    "'server login has been failing, try again later (server_login_retry)', NOT_DONE",
    "'server login has been failing, cached error: x (server_login_retry)', NOT_DONE",
    "pgbouncer cannot connect to server, NOT_DONE"
  })
  void whatAPoolerRefusesWasSentToNoServer(String message, FailureKind expected) {
    assertThat(FailureKind.of(new PgException(message, "FATAL", "08P01", ""))).isEqualTo(expected);
    assertThat(FailureKind.of(new PgException(message, "ERROR", "08P01", "")))
        .as("a malformed message, by the server itself")
        .isEqualTo(FailureKind.FINAL);
  }

  private static PgException refused(String state) {
    return new PgException("refused", "ERROR", state, "");
  }
}
