package io.zerodowntime.migration.status;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Rotation;
import io.zerodowntime.migration.RunState;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.phase.RequestedPhases;
import io.zerodowntime.migration.schema.IndexBuilds.IndexBuild;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Where the migrations stand, as gauges that are read from the database every five seconds: of
 * {@link #AT_ONCE} migrations each time, in turn, so that many cost no more than these. Where three
 * reads in a row fail, the gauges go: old values would hide that nothing is known.
 */
@ApplicationScoped
public class StatusMetrics {
  private static final Logger LOG = Logger.getLogger(StatusMetrics.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final int FAILURES = 3;
  private static final int AT_ONCE = 4;

  private final Migrations migrations;
  private final StatusReports reports;
  private final RequestedPhases flags;
  private final Timeline timeline;
  private final MultiGauge phase;
  private final MultiGauge gate;
  private final MultiGauge draining;
  private final MultiGauge disagree;
  private final MultiGauge build;
  private final MultiGauge rate;
  private final MultiGauge lag;
  private final MultiGauge locked;
  private final MultiGauge mismatches;
  private final MultiGauge pace;
  private final MultiGauge indicator;
  private final AtomicInteger failures = new AtomicInteger();
  private final Rotation turn = new Rotation(AT_ONCE);
  private final GateChanges gateChanges = new GateChanges();
  private final Map<String, MigrationStatus> known = new ConcurrentSkipListMap<>();

  StatusMetrics(
      Migrations migrations,
      StatusReports reports,
      RequestedPhases flags,
      Timeline timeline,
      MeterRegistry registry) {
    this.migrations = migrations;
    this.reports = reports;
    this.flags = flags;
    this.timeline = timeline;
    this.phase =
        gauge(
            registry,
            "migration_phase",
            "The phase, 0 to 3: in force, and requested by this instance");
    this.gate =
        gauge(registry, "migration_gate_open", "1 if the gate of the next step is open, else 0");
    this.draining =
        gauge(
            registry,
            "migration_draining_seconds",
            "How long the grace period has lasted; 0 if the epoch is drained");
    this.disagree =
        gauge(
            registry,
            "migration_instances_disagree",
            "1 if the live instances ask for different phases, else 0");
    this.build =
        gauge(
            registry,
            "migration_index_build_seconds",
            "How long the index build that runs now has lasted; 0 without one");
    this.rate =
        gauge(
            registry,
            "backfill_rows_per_second",
            "Rows a second of the last backfill, of the whole fleet");
    this.lag =
        gauge(
            registry,
            "backfill_lag_rows",
            "Rows that the last backfill has left; 0 if it was cancelled");
    this.locked =
        gauge(
            registry,
            "backfill_locked_rows",
            "Rows that were passed over because others hold them");
    this.mismatches =
        gauge(
            registry,
            "parity_mismatches",
            "Keys that were found to disagree and were not repaired since");
    this.pace =
        gauge(
            registry, "backfill_pace_ratio", "The share of its free pace that a run may have here");
    this.indicator =
        gauge(
            registry,
            "backfill_indicator",
            "The signal, 0 to 4: what an indicator asks of the pace, the stricter the higher");
  }

  private static MultiGauge gauge(MeterRegistry registry, String name, String description) {
    return MultiGauge.builder(name).description(description).register(registry);
  }

  @Scheduled(every = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> refresh() {
    return Sequential.map(turn.next(migrations.all()), this::read)
        .invoke(this::show)
        .onFailure()
        .invoke(this::missed)
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  /** Whether the database answered. One that cannot be read keeps no other from being shown. */
  private Uni<Boolean> read(Migration migration) {
    return reports
        .of(migration)
        .ifNoItem()
        .after(TIMEOUT.dividedBy(AT_ONCE))
        .fail()
        .invoke(status -> known.put(migration.name(), status))
        .invoke(status -> gateChanges.look(migration, status.phase()))
        .replaceWith(true)
        .onFailure()
        .recoverWithItem(failure -> unread(migration, failure));
  }

  private boolean unread(Migration migration, Throwable failure) {
    LOG.debugf("%s: not read: %s", migration.name(), failure.getMessage());
    known.remove(migration.name());
    return failure instanceof MigrationException.Unknown;
  }

  private void missed(Throwable failure) {
    LOG.debugf("gauges not refreshed: %s", failure.getMessage());
    countMiss();
  }

  private void countMiss() {
    if (failures.incrementAndGet() >= FAILURES) {
      known.clear();
      register();
    }
  }

  private void show(List<Boolean> read) {
    if (read.contains(true)) {
      failures.set(0);
      register();
    } else {
      countMiss();
    }
  }

  private void register() {
    List<MigrationStatus> all = List.copyOf(known.values());
    List<Row<?>> phases = new ArrayList<>();
    List<Row<?>> gates = new ArrayList<>();
    for (MigrationStatus status : all) {
      phases.add(Row.of(tags(status).and("kind", "effective"), status.phase().effective().phase()));
      flags
          .current(migrations.named(status.definition().name()))
          .phase()
          .ifPresent(
              asked -> phases.add(Row.of(tags(status).and("kind", "requested"), asked.number())));
      status
          .phase()
          .gates()
          .forEach(g -> gates.add(Row.of(tags(status).and("gate", g.gate()), g.open() ? 1 : 0)));
    }
    phase.register(phases, true);
    gate.register(gates, true);
    show(draining, all, StatusMetrics::drainingSeconds);
    show(disagree, all, status -> status.phase().disagreement().isPresent() ? 1 : 0);
    show(build, all, status -> status.indexBuild().map(IndexBuild::seconds).orElse(0L));
    show(rate, all, status -> status.backfill().map(run -> run.rows().rowsPerSecond()).orElse(0.0));
    timeline.rates(rates(all));
    show(lag, all, StatusMetrics::rowsToGo);
    show(locked, all, status -> status.backfill().map(run -> run.rows().lockedRows()).orElse(0L));
    show(mismatches, all, MigrationStatus::unrepairedMismatches);
    show(pace, all, status -> status.pace().share());
    indicator.register(all.stream().flatMap(StatusMetrics::indicators).toList(), true);
  }

  private static Stream<Row<?>> indicators(MigrationStatus status) {
    return status.pace().indicators().stream()
        .<Row<?>>map(
            each -> Row.of(tags(status).and("indicator", each.indicator()), each.signal().level()));
  }

  /** Of the migrations whose backfill or comparison moves. */
  private static Map<String, Double> rates(List<MigrationStatus> all) {
    Map<String, Double> rates = new HashMap<>();
    for (MigrationStatus status : all) {
      double rate =
          Stream.of(status.backfill(), status.parity())
              .flatMap(Optional::stream)
              .mapToDouble(run -> run.rows().rowsPerSecond())
              .sum();
      if (rate > 0) {
        rates.put(status.definition().name(), rate);
      }
    }
    return rates;
  }

  private static double drainingSeconds(MigrationStatus status) {
    return status.phase().drained()
        ? 0
        : Duration.between(status.phase().since().toInstant(), Instant.now()).toSeconds();
  }

  /** A cancelled run always has rows left: an alert on them would never end. */
  private static double rowsToGo(MigrationStatus status) {
    return status
        .backfill()
        .filter(run -> run.state() != RunState.CANCELLED)
        .map(run -> (double) run.rows().lagRows())
        .orElse(0.0);
  }

  private static void show(
      MultiGauge gauge, List<MigrationStatus> all, ToDoubleFunction<MigrationStatus> value) {
    List<Row<?>> rows = new ArrayList<>();
    all.forEach(status -> rows.add(Row.of(tags(status), value.applyAsDouble(status))));
    gauge.register(rows, true);
  }

  private static Tags tags(MigrationStatus status) {
    return Tags.of("migration", status.definition().name());
  }
}
