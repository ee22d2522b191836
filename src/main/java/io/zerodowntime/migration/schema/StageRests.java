package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.Migration;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The stages that are not tried again at once: they changed nothing, as they wait for another
 * migration, perhaps for days, and each attempt reads the whole changelog.
 */
final class StageRests {
  static final Duration REST = Duration.ofSeconds(5);

  private final LongSupplier nanos;
  private final Map<String, Long> since = new ConcurrentHashMap<>();

  /**
   * @param nanos a clock that only goes forward
   */
  StageRests(LongSupplier nanos) {
    this.nanos = nanos;
  }

  boolean include(Migration migration, SchemaStage stage) {
    Long began = since.get(key(migration, stage));
    return began != null && nanos.getAsLong() - began < REST.toNanos();
  }

  void record(Migration migration, SchemaStage stage, SchemaReport report) {
    if (report.changesets().isEmpty()) {
      since.put(key(migration, stage), nanos.getAsLong());
    } else {
      since.remove(key(migration, stage));
    }
  }

  private static String key(Migration migration, SchemaStage stage) {
    return migration.name() + " " + stage.label();
  }
}
