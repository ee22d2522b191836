package io.zerodowntime.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import io.zerodowntime.db.DatabaseBusyException;
import java.net.ConnectException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that each failure of the database becomes the problem that a client can act on. */
class DatabaseProblemsTest {

  @Test
  void tellsThatAWriteMayHaveBeenDone() {
    Problem problem = of(ClosedConnectionException.INSTANCE, false).orElseThrow();

    assertThat(problem.status()).isEqualTo(503);
    assertThat(problem.members().getString("type")).isEqualTo("urn:problem:outcome-unknown");
    assertThat(problem.members().getString("detail")).contains("Idempotency-Key");
    assertThat(problem.retryAfter()).isEqualTo(OptionalInt.of(2));
  }

  @Test
  void tellsThatAReadCanBeSentAgain() {
    assertAway(of(ClosedConnectionException.INSTANCE, true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "53300", "57P01", "57P03", "40P01", "25006"})
  void tellsThatTheDatabaseIsAway(String state) {
    assertAway(of(refused(state), false));
    assertAway(of(new IllegalStateException("retries exhausted", refused(state)), false));
  }

  @Test
  void tellsThatTheDatabaseCannotBeReached() {
    assertAway(of(new ConnectException("refused"), false));
  }

  @Test
  void tellsThatTheDatabaseIsBusy() {
    for (Throwable failure : List.of(refused("55P03"), new DatabaseBusyException("made up"))) {
      Problem problem = of(failure, false).orElseThrow();
      assertThat(problem.status()).isEqualTo(503);
      assertThat(problem.members().getString("type")).isEqualTo("urn:problem:busy");
      assertThat(problem.retryAfter()).isPresent();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"42601", "23505", "22003"})
  void leavesUnexpectedStatesAlone(String state) {
    assertThat(of(refused(state), false)).isEmpty();
    assertThat(of(new IllegalStateException("other"), false)).isEmpty();
  }

  private static PgException refused(String state) {
    return new PgException("a message with SELECT in it", "ERROR", state, null);
  }

  private static Optional<Problem> of(Throwable failure, boolean safe) {
    return DatabaseProblems.of(failure, safe);
  }

  private static void assertAway(Optional<Problem> problem) {
    assertThat(problem.orElseThrow().status()).isEqualTo(503);
    assertThat(problem.orElseThrow().json())
        .contains("urn:problem:database-unavailable")
        .doesNotContain("SELECT");
    assertThat(problem.orElseThrow().retryAfter()).isPresent();
  }
}
