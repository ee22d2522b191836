package io.zerodowntime.testing;

import io.smallrye.config.SmallRyeConfigBuilder;
import io.zerodowntime.migration.MigrationConfig;
import java.util.HashMap;
import java.util.Map;

/** The engine's configuration for tests of single classes. */
public final class EngineConfig {
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("migration.primary", "orders-status"),
          Map.entry("migration.file", ""),
          Map.entry("migration.changelog-dir", ""),
          Map.entry("migration.flags-dir", ""),
          Map.entry("migration.local-flags", "false"),
          Map.entry("migration.flags-config-map", ""),
          Map.entry("migration.heartbeat-interval", "PT1S"),
          Map.entry("migration.soak", "PT0S"),
          Map.entry("migration.auto-expand", "false"),
          Map.entry("migration.shadow-sample", "0"),
          Map.entry("migration.writers-window", "PT10M"),
          Map.entry("migration.instance-timeout", "PT10S"),
          Map.entry("migration.schema.retry-time", "PT2M"),
          Map.entry("migration.backfill.batch-size", "1000"),
          Map.entry("migration.backfill.delay", "PT0.1S"),
          Map.entry("migration.backfill.target-load", "0.5"),
          Map.entry("migration.backfill.workers", "1"),
          Map.entry("migration.backfill.max-replica-lag", "PT10S"),
          Map.entry("migration.backfill.max-lock-waits", "10"),
          Map.entry("migration.backfill.snapshot-limit", "PT5M"));

  private EngineConfig() {}

  /** The usual values, with this one instead. */
  public static MigrationConfig with(String name, String value) {
    return with(Map.of(name, value));
  }

  /** The usual values, with these instead. */
  public static MigrationConfig with(Map<String, String> others) {
    Map<String, String> values = new HashMap<>(DEFAULTS);
    values.putAll(others);
    return new SmallRyeConfigBuilder()
        .withMapping(MigrationConfig.class)
        .withDefaultValues(values)
        .build()
        .getConfigMapping(MigrationConfig.class);
  }
}
