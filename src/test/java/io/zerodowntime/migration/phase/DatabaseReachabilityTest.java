package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.pgclient.PgException;
import io.zerodowntime.migration.MigrationException;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves when the database counts as away. */
class DatabaseReachabilityTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private long now;
  private final DatabaseReachability database = new DatabaseReachability(LIMIT, () -> now);

  @Test
  void isAwayOnceNoHeartbeatWasAnsweredForTheLimit() {
    pass(LIMIT);
    assertThat(database.awaySince()).isEmpty();
    pass(Duration.ofSeconds(1));
    assertThat(database.awaySince()).isPresent();

    database.record(null);
    assertThat(database.awaySince()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"08006, false", "57P03, false", "53300, false", "42P01, true", "40001, true"})
  void countsARefusalAsAnAnswerUnlessTheServerDoesNotServe(String state, boolean reachable) {
    pass(LIMIT.plusSeconds(1));
    database.record(new PgException("", "ERROR", state, ""));
    assertThat(database.awaySince().isEmpty()).isEqualTo(reachable);
  }

  @Test
  void tellsASilentServerFromOneWithoutASchema() {
    pass(LIMIT.plusSeconds(1));
    database.record(new IOException("refused"));
    assertThat(database.awaySince()).isPresent();
    database.record(new MigrationException.Unknown("m"));
    assertThat(database.awaySince()).isEmpty();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
