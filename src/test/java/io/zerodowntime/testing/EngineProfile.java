package io.zerodowntime.testing;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The whole service without its timers: a test calls every step itself. */
public class EngineProfile implements QuarkusTestProfile {
  private final Map<String, String> overrides =
      new HashMap<>(
          Map.of(
              "quarkus.scheduler.enabled",
              "false",
              "migration.shadow-sample",
              "1",
              // other tests write to the same server
              "migration.backfill.ignored-indicators",
              "wal-rate",
              // more than a class of tests has; TokenProfile sets its own
              "login.guesses",
              "1000"));

  public EngineProfile() {}

  /** With more settings: a name, its value, and so on. */
  protected EngineProfile(String... settings) {
    for (int i = 0; i < settings.length; i += 2) {
      overrides.put(settings[i], settings[i + 1]);
    }
  }

  @Override
  public Map<String, String> getConfigOverrides() {
    return overrides;
  }

  @Override
  public boolean disableGlobalTestResources() {
    return true;
  }

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(new TestResourceEntry(EngineResource.class));
  }
}
