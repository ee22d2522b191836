package io.zerodowntime.migration.phase;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.zerodowntime.testing.EngineConfig;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that a heartbeat interval which is too long is refused at the start. */
class InstancesTest {

  @ParameterizedTest
  @ValueSource(strings = {"PT10S", "PT11S", "PT1H"})
  void refusesAHeartbeatThatComesTooLateToCount(String interval) {
    assertThatThrownBy(() -> instances(interval).check(new StartupEvent()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("HEARTBEAT_INTERVAL")
        .hasMessageContaining("10000 ms");
  }

  @Test
  void takesOneThatComesInTime() {
    assertThatCode(() -> instances("PT9.9S").check(new StartupEvent())).doesNotThrowAnyException();
  }

  private static Instances instances(String interval) {
    return new Instances(
        null, EngineConfig.with("migration.heartbeat-interval", interval), "1", Optional.empty());
  }
}
