package io.zerodowntime.migration.backfill;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicaReadings;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.ServiceReadings;
import io.zerodowntime.migration.backfill.indicator.DatabaseReading;
import io.zerodowntime.migration.backfill.indicator.Indicators;
import io.zerodowntime.migration.backfill.indicator.Observation;
import io.zerodowntime.migration.backfill.indicator.Reading;
import io.zerodowntime.migration.backfill.indicator.Signal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How fast runs may be, by what the indicators say: of the service's users, whom no tool outside of
 * it can see, and of the database. Looks once a second while a run is worked on or looked at.
 */
@ApplicationScoped
class Throttle {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** A server that takes longer cannot be asked: workers wait for the answer. */
  private static final Duration ANSWER = Duration.ofMillis(500);

  /** The first one may have to connect, and to plan. */
  private static final Duration FIRST_ANSWER = Duration.ofSeconds(5);

  /** A migration that no one has asked about for so long is not read. */
  private static final Duration ASKED = Duration.ofSeconds(10);

  /**
   * Once a minute runs are at the minimum for five seconds, to see what requests take without them:
   * by the clock, so that all processes do it at the same time. BBR finds the delay of an empty
   * path in the same way (draft-cardwell-iccrg-bbr-congestion-control, ProbeRTT). It costs a
   * twelfth of the pace, and only where there are enough requests to judge by.
   */
  private static final long PROBE_EVERY_SECONDS = 60;

  private static final long PROBE_SECONDS = 5;

  private final Pool pool;
  private final ReplicaReadings replicas;
  private final ServiceReadings service;
  private final Indicators indicators;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final Map<Migration, Long> asked = new ConcurrentHashMap<>();
  private final Map<String, Long> worked = new ConcurrentHashMap<>();
  private final Map<String, PaceShare> shares = new HashMap<>();
  private @Nullable Look latest;
  private volatile long workedAt;
  private volatile long disturbedAt;

  @Inject
  Throttle(
      @Identifier(DatabasePools.CONTROL) Pool pool,
      ReplicaReadings replicas,
      ServiceReadings service,
      MigrationConfig config) {
    this(pool, replicas, service, config, Clock.systemUTC(), System::nanoTime);
  }

  Throttle(
      Pool pool,
      ReplicaReadings replicas,
      ServiceReadings service,
      MigrationConfig config,
      Clock clock,
      LongSupplier nanoTime) {
    this.pool = pool;
    this.replicas = replicas;
    this.service = service;
    this.indicators = new Indicators(config.backfill());
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.workedAt = nanoTime.getAsLong() - ASKED.toNanos();
    this.disturbedAt = workedAt;
  }

  /** How fast a run of the migration may be now. Read once a second at most; never fails. */
  Uni<Pacing> of(Migration migration) {
    return look(migration)
        .map(all -> all.getOrDefault(migration.name(), Pacing.FREE))
        .map(pacing -> isProbing() ? pacing.atMinimum() : pacing);
  }

  /**
   * The same for a worker, which is going to send a batch. The first one after a while begins at
   * the minimum, if there are requests that it could slow down.
   */
  Uni<Pacing> ofWorker(Migration migration) {
    long now = nanoTime.getAsLong();
    workedAt = now;
    Long last = worked.put(migration.name(), now);
    if ((last == null || now - last >= ASKED.toNanos()) && indicators.isJudged(service.lately())) {
      begin(migration);
    }
    return of(migration)
        .invoke(
            pacing -> {
              if (pacing.share() > PaceShare.MIN) {
                disturbedAt = nanoTime.getAsLong();
              }
            });
  }

  /** Takes note of how requests do while no worker of this process works. */
  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void learn() {
    if (nanoTime.getAsLong() - disturbedAt >= ServiceReadings.WINDOW.toNanos()) {
      indicators.learn(service.lately());
    }
  }

  private synchronized void begin(Migration migration) {
    share(migration).begin();
    latest = null; // which may be of a second ago, with another share
  }

  private PaceShare share(Migration migration) {
    return shares.computeIfAbsent(migration.name(), name -> new PaceShare());
  }

  private boolean isProbing() {
    return nanoTime.getAsLong() - workedAt < ASKED.toNanos()
        && indicators.isJudged(service.lately())
        && (clock.instant().getEpochSecond() % PROBE_EVERY_SECONDS < PROBE_SECONDS
            || indicators.needsBaseline(service.lately()));
  }

  private synchronized Uni<Map<String, Pacing>> look(Migration migration) {
    long now = nanoTime.getAsLong();
    asked.put(migration, now);
    Look known = latest;
    if (known == null || !known.isOf(migration) || now - known.nanos() >= INTERVAL.toNanos()) {
      asked.values().removeIf(last -> now - last > ASKED.toNanos());
      List<Migration> all = List.copyOf(asked.keySet());
      Duration answer = known == null ? FIRST_ANSWER : ANSWER;
      known = new Look(now, all, read(all, now, answer).memoize().indefinitely());
      latest = known;
    }
    return known.found();
  }

  private Uni<Map<String, Pacing>> read(List<Migration> all, long now, Duration answer) {
    return Uni.combine()
        .all()
        .unis(
            DatabaseReading.of(pool, all.stream().map(Migration::table).distinct().toList(), answer)
                .map(Optional::of)
                .onFailure()
                .recoverWithItem(Optional.empty()),
            replicas.readings().map(Optional::of).onFailure().recoverWithItem(Optional.empty()))
        .with((database, named) -> new Observation(now, service.lately(), database, named))
        .map(seen -> judge(all, seen));
  }

  private synchronized Map<String, Pacing> judge(List<Migration> all, Observation seen) {
    Map<String, Pacing> found = new HashMap<>();
    boolean probing = isProbing();
    boolean judged = indicators.isJudged(seen.service());
    Duration batch = judged ? Pacing.BESIDE_REQUESTS : Pacing.ALONE;
    for (Migration each : all) {
      List<Reading> readings = indicators.read(seen, each.table());
      Set<Signal> signals = EnumSet.noneOf(Signal.class);
      readings.forEach(reading -> signals.add(reading.signal()));
      if (probing) {
        signals.add(Signal.HOLD); // what is read without a run says nothing about a faster one
      }
      double share = share(each).next(signals, judged, seen.nanos());
      found.put(each.name(), Pacing.of(share, batch, readings, seen.database().isPresent()));
    }
    return found;
  }

  private record Look(long nanos, List<Migration> migrations, Uni<Map<String, Pacing>> found) {
    boolean isOf(Migration migration) {
      return migrations.contains(migration);
    }
  }
}
