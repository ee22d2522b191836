package io.zerodowntime.migration.status;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.runtime.StartupEvent;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.phase.DatabaseReachability;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Locale;

/** What happened in this instance, as counters and timers. */
@ApplicationScoped
public class EngineMetrics implements MigrationListener {
  private static final String MIGRATION = "migration";

  private final MeterRegistry registry;

  EngineMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Counters exist from the start, at zero: an alert on a rate needs a first value. */
  void start(@Observes StartupEvent event, Migrations migrations, DatabaseReachability database) {
    Gauge.builder("database_reachable", () -> database.awaySince().isEmpty() ? 1 : 0)
        .register(registry);
    for (Migration migration : migrations.all()) {
      rejected(migration, 0);
      rows(migration, "scanned", 0);
      rows(migration, "changed", 0);
      gaveWay(migration, 0);
      for (ShadowResult result : ShadowResult.values()) {
        onShadowReads(migration, result, 0);
      }
    }
  }

  @Override
  public void onDrained(Migration migration, long epoch, Duration grace) {
    Timer.builder("migration_drain")
        .tag(MIGRATION, migration.name())
        .register(registry)
        .record(grace);
  }

  @Override
  public void onFlagsRejected(Migration migration, String reason) {
    rejected(migration, 1);
  }

  @Override
  public void onBatch(
      Migration migration, RunKind kind, long scanned, long changed, Duration took) {
    if (kind != RunKind.PARITY) {
      rows(migration, "scanned", scanned);
      rows(migration, "changed", changed);
    }
    Timer.builder("backfill_batch")
        .tags(MIGRATION, migration.name(), "kind", kind.label())
        .publishPercentileHistogram()
        .register(registry)
        .record(took);
  }

  @Override
  public void onGaveWay(Migration migration) {
    gaveWay(migration, 1);
  }

  @Override
  public void onThrottled(Migration migration, String reason, Duration waited) {
    registry
        .counter("backfill_throttled_seconds", MIGRATION, migration.name(), "reason", reason)
        .increment(waited.toNanos() / 1e9);
  }

  @Override
  public void onShadowReads(Migration migration, ShadowResult result, long reads) {
    String label = result.name().toLowerCase(Locale.ROOT);
    registry
        .counter("shadow_reads", MIGRATION, migration.name(), "result", label)
        .increment((double) reads);
  }

  private void rejected(Migration migration, int times) {
    registry.counter("flags_rejected", MIGRATION, migration.name()).increment(times);
  }

  private void gaveWay(Migration migration, int times) {
    registry.counter("backfill_lock_timeouts", MIGRATION, migration.name()).increment(times);
  }

  private void rows(Migration migration, String kind, long rows) {
    registry
        .counter("backfill_rows", MIGRATION, migration.name(), "kind", kind)
        .increment((double) rows);
  }
}
