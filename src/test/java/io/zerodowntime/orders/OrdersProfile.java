package io.zerodowntime.orders;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/** Only the test changes the phase, and every read compares both columns. */
public class OrdersProfile implements QuarkusTestProfile {

  @Override
  public Map<String, String> getConfigOverrides() {
    return Map.of(
        "quarkus.scheduler.enabled",
        "false",
        "migration.shadow-sample",
        "1",
        "smallrye.config.mapping.validate-unknown",
        "false");
  }
}
