package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A backfill pauses for a replica that reads go to, if it is behind or cannot be read. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ReplicaPressureTest {
  private static final Duration LITTLE = Duration.ofSeconds(9);
  private static final Duration MUCH = Duration.ofSeconds(11);

  @Inject
  @Identifier(DatabasePools.CONTROL)
  Pool pool;

  @Test
  void pausesForAReplicaThatIsBehind() {
    assertThat(reason()).isEmpty();
    assertThat(reason(reading("", LITTLE), reading("", LITTLE))).isEmpty();
    assertThat(reason(reading("", LITTLE), reading("", MUCH))).contains("replica_lag");
  }

  @Test
  void pausesForAReplicaThatCannotBeRead() {
    assertThat(reason(reading("", LITTLE), reading("it does not answer", null)))
        .contains("replica_lag_unreadable");
    assertThat(reason(reading("", null))).contains("replica_lag_unreadable");
    assertThat(reason(reading("it is on timeline 1", LITTLE))).contains("replica_lag_unreadable");
  }

  private static ReplicaReading reading(String problem, Duration lag) {
    return new ReplicaReading(
        "r:1",
        Optional.of(problem).filter(text -> !text.isEmpty()),
        Optional.ofNullable(lag),
        Optional.empty());
  }

  private Optional<String> reason(ReplicaReading... readings) {
    return Engine.await(
        new DatabasePressure(
                pool,
                () -> Uni.createFrom().item(List.of(readings)),
                EngineConfig.with("migration.soak", "PT0S"))
            .reason());
  }
}
