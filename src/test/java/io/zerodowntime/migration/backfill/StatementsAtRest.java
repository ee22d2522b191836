package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.parity.ShadowReadRecorder;
import io.zerodowntime.migration.phase.Heartbeat;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.FaultyProxy;
import jakarta.inject.Inject;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the timers of one second send while nothing moves, however many migrations there are. */
abstract class StatementsAtRest {
  @Inject EngineDatabase database;
  @Inject FaultyProxy wire;
  @Inject Migrations migrations;
  @Inject Heartbeat heartbeat;
  @Inject BackfillJob job;
  @Inject ParityScan parity;
  @Inject ShadowReadRecorder shadow;

  private final int expected;

  StatementsAtRest(int migrations) {
    this.expected = migrations;
  }

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  @Test
  void areTheSame() {
    assertThat(migrations.all()).hasSize(expected);
    assertThat(statements(heartbeat::beat)).as("heartbeat").isOne();
    assertThat(database.number("SELECT count(*) FROM migration_instance")).isEqualTo(expected);
    assertThat(statements(job::poll)).as("runs to join").isOne();
    assertThat(statements(parity::follow)).as("comparisons that are due").isEqualTo(2);
    assertThat(statements(shadow::flush)).as("shadow reads").isZero();
  }

  private long statements(Supplier<Uni<Void>> timer) {
    Engine.await(timer.get());
    long before = wire.statements();
    Engine.await(timer.get());
    return wire.statements() - before;
  }
}
