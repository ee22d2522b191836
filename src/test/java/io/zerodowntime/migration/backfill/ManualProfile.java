package io.zerodowntime.migration.backfill;

import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicaReadings;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.migration.ServiceReadings;
import io.zerodowntime.testing.EngineProfile;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.Set;

/**
 * An instance without workers of its own, whose requests do as a test says, with a soak time of an
 * hour. To build and to start an application takes longer than most classes of tests: several of
 * them share this one.
 */
public final class ManualProfile extends EngineProfile {
  public ManualProfile() {
    super("migration.backfill.workers", "0", "migration.soak", "1h");
  }

  @Override
  public Set<Class<?>> getEnabledAlternatives() {
    return Set.of(Requests.class, FastThrottle.class);
  }

  /** How requests do, as the test says. */
  @Alternative
  @ApplicationScoped
  public static class Requests implements ServiceReadings {
    private volatile ServiceReading now = ServiceReading.NONE;

    void none() {
      now = ServiceReading.NONE;
    }

    void take(double millis) {
      Optional<Double> took = Optional.of(millis);
      now = new ServiceReading(500, took, took, took, Optional.empty());
    }

    @Override
    public ServiceReading lately() {
      return now;
    }
  }

  /** Falls and recovers ten times as fast, and pauses for no baseline. */
  @Alternative
  @Singleton
  static class FastThrottle extends Throttle {
    private static final int TIMES = 10;
    private static final Clock BETWEEN_PAUSES =
        Clock.fixed(Instant.parse("2026-01-02T03:04:30Z"), ZoneOffset.UTC);

    @Inject
    FastThrottle(
        @Identifier(DatabasePools.CONTROL) Pool pool,
        ReplicaReadings replicas,
        ServiceReadings service,
        MigrationConfig config) {
      super(pool, replicas, service, config, BETWEEN_PAUSES, () -> TIMES * System.nanoTime());
    }
  }
}
