package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A replica may be in another phase than the primary, earlier or, with synchronous ones, later. */
@Tag("protocol")
@QuarkusTest
@TestProfile(EngineProfile.class)
class ReplicaFenceTest {
  private static final String REPLICA = "replica:5432";

  @Inject EngineDatabase database;
  @Inject Engine engine;
  @Inject PhaseFence fence;

  private final List<Phase> sent = new ArrayList<>();

  @BeforeEach
  void phaseOne() throws Exception {
    database.reset();
    database.phase(1);
    assertThat(write()).isEqualTo(Phase.of(1));
    sent.clear();
  }

  @Test
  void theNextPhaseOnAReplicaIsNotWhatWritesAreMadeFor() {
    assertThat(readWhere(Phase.of(2))).isEqualTo("value");
    assertThat(sent).containsExactly(Phase.of(1), Phase.of(2));
    sent.clear();
    assertThat(readWhere(Phase.of(2))).isEqualTo("value");
    assertThat(sent).as("remembered for the replica").containsExactly(Phase.of(2));

    sent.clear();
    write();
    assertThat(sent).as("one statement").containsExactly(Phase.of(1));
  }

  @Test
  void aReplicaMayBeInAnEarlierPhaseAsLongAsItIsBehind() {
    database.phase(2);
    assertThat(write()).isEqualTo(Phase.of(2));
    sent.clear();
    assertThat(readWhere(Phase.of(1))).isEqualTo("value");
    assertThat(readWhere(Phase.of(2))).isEqualTo("value");
    assertThat(sent.get(sent.size() - 1)).isEqualTo(Phase.of(2));
  }

  @Test
  void aReplicaThatFitsNoVariantIsLeftToTheCaller() {
    List<Phase> turns = new ArrayList<>(List.of(Phase.of(2), Phase.of(1), Phase.of(2)));
    assertThatThrownBy(
            () ->
                Engine.await(
                    fence.readOnReplica(
                        engine.migration(),
                        "restless:5432",
                        phase ->
                            Uni.createFrom().item(new FencedResult<>(turns.remove(0), "value")))))
        .isInstanceOf(MigrationException.Unsettled.class);
    assertThat(turns).hasSize(1);
  }

  private String readWhere(Phase inForce) {
    return Engine.await(
        fence.readOnReplica(
            engine.migration(),
            REPLICA,
            phase -> {
              sent.add(phase);
              return Uni.createFrom().item(new FencedResult<>(inForce, "value"));
            }));
  }

  /** A statement that finds the phase in force, as a write does. */
  private Phase write() {
    return Engine.await(
        fence.write(
            engine.migration(),
            phase -> {
              sent.add(phase);
              Phase actual = Phase.of(Integer.parseInt(database.one(IN_FORCE)));
              return Uni.createFrom()
                  .item(new FencedResult<>(actual, actual == phase ? actual : null));
            }));
  }

  private static final String IN_FORCE =
      "SELECT phase FROM migration_state WHERE name = 'orders-status'";
}
