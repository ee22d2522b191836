package io.zerodowntime.migration.status;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.runtime.StartupEvent;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.RunKind;
import io.zerodowntime.migration.ThrottleReason;
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
        .description("1 if the database answers, else 0")
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
        .description("How long grace periods lasted")
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
        .description("How long batches took")
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
  public void onThrottled(Migration migration, ThrottleReason reason, Duration waited) {
    Counter.builder("backfill_throttled_seconds")
        .description("How long workers waited, in seconds, by the reason")
        .tags(MIGRATION, migration.name(), "reason", reason.label())
        .register(registry)
        .increment(waited.toNanos() / 1e9);
  }

  @Override
  public void onShadowReads(Migration migration, ShadowResult result, long reads) {
    String label = result.name().toLowerCase(Locale.ROOT);
    Counter.builder("shadow_reads")
        .description("Reads that compared both columns, by what they found")
        .tags(MIGRATION, migration.name(), "result", label)
        .register(registry)
        .increment((double) reads);
  }

  private void rejected(Migration migration, int times) {
    Counter.builder("flags_rejected")
        .description("Sets of flags that were refused")
        .tag(MIGRATION, migration.name())
        .register(registry)
        .increment(times);
  }

  private void gaveWay(Migration migration, int times) {
    Counter.builder("backfill_lock_timeouts")
        .description("Batches that gave way to a client that holds one of their rows")
        .tag(MIGRATION, migration.name())
        .register(registry)
        .increment(times);
  }

  private void rows(Migration migration, String kind, long rows) {
    Counter.builder("backfill_rows")
        .description("Rows that batches of this instance looked at (scanned) and changed")
        .tags(MIGRATION, migration.name(), "kind", kind)
        .register(registry)
        .increment((double) rows);
  }
}
