package io.zerodowntime.platform;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.impl.NoStackTraceThrowable;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

class OutcomeTest {

  @Test
  void whatWasNeverSentWasNotDone() {
    assertThat(Outcome.of(new ConnectException())).isEqualTo(Outcome.NOT_DONE);
    assertThat(
            Outcome.of(
                new NoStackTraceThrowable("Connection is not active now, current status: CLOSED")))
        .isEqualTo(Outcome.NOT_DONE);
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
