package io.zerodowntime.migration.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.pgclient.PgBuilder;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.pgclient.PgConnectOptions;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.migration.ServiceReading;
import io.zerodowntime.migration.ThrottleReason;
import io.zerodowntime.testing.Engine;
import io.zerodowntime.testing.EngineConfig;
import io.zerodowntime.testing.EngineDatabase;
import io.zerodowntime.testing.EngineProfile;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a run may have of its pace, by what is read of a real database and of requests. */
@QuarkusTest
@TestProfile(EngineProfile.class)
class ThrottleTest {
  private static final Duration LITTLE = Duration.ofSeconds(4);
  private static final Duration MUCH = Duration.ofSeconds(11);

  /** No second of a minute in which runs pause for the baseline. */
  private static final Instant WORKING = Instant.parse("2026-01-02T03:04:30Z");

  private static final Instant PAUSING = Instant.parse("2026-01-02T03:05:02Z");

  @Inject EngineDatabase database;
  @Inject Engine engine;

  @Inject
  @Identifier(DatabasePools.CONTROL)
  Pool pool;

  private List<ReplicaReading> replicas = List.of();
  private ServiceReading service = ServiceReading.NONE;
  private Instant clock = WORKING;
  private long nanos = System.nanoTime();

  @BeforeEach
  void reset() throws Exception {
    database.reset();
  }

  private Throttle throttle(Pool database) {
    return new Throttle(
        database,
        () -> Uni.createFrom().item(replicas),
        () -> service,
        EngineConfig.with("migration.backfill.ignored-indicators", "wal_rate"),
        new Clock() {
          @Override
          public Instant instant() {
            return clock;
          }

          @Override
          public ZoneOffset getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        },
        () -> nanos);
  }

  /** A second later. */
  private Pacing next(Throttle throttle) {
    nanos += Duration.ofSeconds(1).toNanos();
    throttle.learn();
    return ask(throttle);
  }

  private void learn(Throttle throttle, int seconds) {
    for (int i = 0; i < seconds; i++) {
      nanos += Duration.ofSeconds(1).toNanos();
      throttle.learn();
    }
  }

  private void riseToTheFreePace(Throttle throttle) {
    Pacing rising = next(throttle);
    for (int i = 0; i < 50; i++) {
      rising = next(throttle);
    }
    assertThat(rising.share()).isOne();
    assertThat(rising.reason()).isEmpty();
  }

  private Pacing ask(Throttle throttle) {
    return Engine.await(throttle.ofWorker(engine.migration()));
  }

  private static ServiceReading requests(double perSecond, double millis) {
    Optional<Double> took = Optional.of(millis);
    return new ServiceReading(perSecond, took, took, took, Optional.of(0.1));
  }

  private static ReplicaReading replica(String problem, Duration lag) {
    return new ReplicaReading(
        "r:1",
        Optional.of(problem).filter(text -> !text.isEmpty()),
        Optional.ofNullable(lag),
        Optional.empty());
  }

  @Test
  void isFreeWhereNothingObjects() {
    Pacing pacing = next(throttle(pool));

    assertThat(pacing.share()).isOne();
    assertThat(pacing.reason()).isEmpty();
    assertThat(pacing.readings()).hasSize(7).allMatch(reading -> reading.known());
  }

  @Test
  void isTheMinimumForAReplicaThatIsBehind() {
    Throttle throttle = throttle(pool);
    replicas = List.of(replica("", LITTLE), replica("", LITTLE));
    assertThat(next(throttle).share()).isOne();

    replicas = List.of(replica("", LITTLE), replica("", MUCH));
    Pacing behind = next(throttle);
    assertThat(behind.share()).isEqualTo(PaceShare.MIN);
    assertThat(behind.reason().map(ThrottleReason::label)).contains("replica_lag");
    assertThat(behind.detail().orElseThrow()).contains("11.0 s behind");
  }

  /** Slower and slower, and never nothing: whoever cannot read still comes to an end. */
  @Test
  void isSlowForAReplicaThatCannotBeRead() {
    for (ReplicaReading hidden :
        List.of(
            replica("it does not answer", null),
            replica("", null),
            replica("it is on timeline 1", LITTLE))) {
      Throttle throttle = throttle(pool);
      replicas = List.of(replica("", LITTLE), hidden);
      Pacing first = next(throttle);
      assertThat(first.share()).isEqualTo(PaceShare.DECREASE);
      assertThat(first.reason().map(ThrottleReason::label)).contains("replica_lag_unreadable");
      Pacing last = first;
      for (int i = 0; i < 60; i++) {
        last = next(throttle);
      }
      assertThat(last.share()).isEqualTo(PaceShare.MIN);
    }
  }

  @Test
  void isSlowForADatabaseThatCannotBeRead() {
    Pool closed =
        PgBuilder.pool()
            .connectingTo(new PgConnectOptions().setHost("localhost").setPort(1))
            .build();
    Pacing pacing = next(throttle(closed));
    closed.closeAndAwait();

    assertThat(pacing.share()).isEqualTo(PaceShare.DECREASE);
    assertThat(pacing.reason().map(ThrottleReason::label)).contains("unreadable");
  }

  /** Users would wait behind a free pace until what is read of it makes it slower. */
  @Test
  void beginsAtTheMinimumBesideRequests() {
    Throttle throttle = throttle(pool);
    service = requests(400, 10);
    learn(throttle, 10);
    assertThat(Engine.await(throttle.of(engine.migration())).share()).as("no worker").isOne();
    assertThat(ask(throttle).share()).isEqualTo(PaceShare.MIN);
    Pacing second = next(throttle);
    assertThat(second.share()).isGreaterThan(PaceShare.MIN).isLessThan(0.1);
    assertThat(second.reason().map(ThrottleReason::label)).contains("recovery");

    nanos += Duration.ofMinutes(1).toNanos();
    assertThat(ask(throttle).share()).as("a later run").isEqualTo(PaceShare.MIN);
  }

  @Test
  void fallsWithSlowRequestsAndRecoversWithFastOnes() {
    Throttle throttle = throttle(pool);
    service = requests(400, 10);
    learn(throttle, 10);
    riseToTheFreePace(throttle);

    service = requests(400, 30);
    Pacing slow = next(throttle);
    assertThat(slow.share()).isEqualTo(PaceShare.DECREASE);
    assertThat(slow.reason().map(ThrottleReason::label)).contains("latency");
    assertThat(slow.detail().orElseThrow()).contains("30.0 ms", "without a run 10.0 ms");
    for (int i = 0; i < 15; i++) {
      slow = next(throttle);
    }
    assertThat(slow.share()).isLessThan(0.2);

    service = requests(400, 11.5);
    double held = next(throttle).share();
    assertThat(next(throttle).share()).as("near the limit it stays").isEqualTo(held);

    service = requests(400, 10);
    Pacing rising = next(throttle);
    assertThat(rising.share()).isGreaterThan(held).isLessThan(1);
    assertThat(rising.reason().map(ThrottleReason::label)).contains("recovery");
    riseToTheFreePace(throttle);
  }

  @Test
  void pausesForTheBaselineOnceAMinute() {
    Throttle throttle = throttle(pool);
    service = requests(400, 10);
    assertThat(ask(throttle).reason().map(ThrottleReason::label))
        .as("none is known")
        .contains("baseline");
    for (int i = 0; i < 5; i++) {
      next(throttle);
    }
    riseToTheFreePace(throttle);

    clock = PAUSING;
    assertThat(next(throttle).reason().map(ThrottleReason::label)).contains("baseline");
    assertThat(next(throttle).share()).isEqualTo(PaceShare.MIN);
    clock = WORKING;
    assertThat(next(throttle).share()).as("as before, at once").isOne();
  }

  @Test
  void doesNotPauseWithoutRequests() {
    Throttle throttle = throttle(pool);
    service = requests(5, 10);
    clock = PAUSING;
    assertThat(next(throttle).share()).isOne();
  }

  /** The baseline would become what a run makes of it. */
  @Test
  void learnsNothingFromRequestsBesideARun() {
    Throttle throttle = throttle(pool);
    service = requests(400, 10);
    learn(throttle, 10);
    riseToTheFreePace(throttle);
    service = requests(400, 11);
    for (int i = 0; i < 60; i++) {
      next(throttle);
    }
    service = requests(400, 12.5);
    assertThat(next(throttle).reason().map(ThrottleReason::label)).contains("latency");
  }

  @Test
  void readsOnceForAllWhoAskWithinASecond() {
    Throttle throttle = throttle(pool);
    nanos += Duration.ofSeconds(1).toNanos();
    Pacing first = Engine.await(throttle.of(engine.migration()));
    assertThat(Engine.await(throttle.of(engine.migration())).readings()).isSameAs(first.readings());
    nanos += Duration.ofSeconds(1).toNanos();
    assertThat(Engine.await(throttle.of(engine.migration())).readings())
        .isNotSameAs(first.readings());
  }
}
