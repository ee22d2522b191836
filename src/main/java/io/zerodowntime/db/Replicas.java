package io.zerodowntime.db;

import io.quarkus.arc.All;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;

/**
 * The replicas, and which of them may answer a read now. Once a second it looks where the primary's
 * log is, and then how far each replica is. A replica is in rotation while it is a standby on the
 * primary's timeline and what it showed at the last look is not older than the bound.
 */
@Singleton
public class Replicas implements ReplicaReadings {
  private static final Logger LOG = Logger.getLogger(Replicas.class);

  /** How old the looks may be for a gate or a backfill that asks. */
  private static final Duration FRESH = Duration.ofSeconds(3);

  /** A replica that answers later does not keep the others from the next look. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private static final String PRIMARY =
      "SELECT now() AS at, ended.* FROM (" + WritePositions.POSITION + ") AS ended";

  private final ReplicaSettings settings;
  private final DatabasePools pools;
  private final Pool engine;
  private final Pool control;
  private final List<ReplicatedHeartbeat> heartbeats;
  private final PrimaryClock primary = new PrimaryClock(System::nanoTime);
  private final AtomicInteger turn = new AtomicInteger();
  private volatile List<Replica> all = List.of();
  private volatile long lookedAt = System.nanoTime() - FRESH.toNanos();

  Replicas(
      ReplicaSettings settings,
      DatabasePools pools,
      Pool engine,
      @Identifier(DatabasePools.CONTROL) Pool control,
      @All List<ReplicatedHeartbeat> heartbeats) {
    this.settings = settings;
    this.pools = pools;
    this.engine = engine;
    this.control = control;
    this.heartbeats = heartbeats;
  }

  void start(@Observes StartupEvent event) {
    all = settings.urls().stream().map(this::replica).toList();
  }

  private Replica replica(DatabaseUrl url) {
    CircuitBreaker breaker =
        new CircuitBreaker("replica " + url.place(), settings.maxLag(), System::nanoTime);
    return new Replica(
        url.place(),
        pools.replica(engine, DatabasePools.REPLICA, url, breaker),
        pools.replica(engine, DatabasePools.REPLICA_LOOK, url, breaker));
  }

  /** Every replica that is named. */
  public List<Replica> all() {
    return all;
  }

  /** Looks at all of them; a server that does not answer is out of rotation, and no failure. */
  @Scheduled(
      every = "${" + ReplicaSettings.LOOK + ":off}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  public Uni<Void> look() {
    return lookAtPrimary()
        .chain(() -> Pause.within(LOOK, lookAtReplicas()))
        .onFailure(TimeoutException.class)
        .recoverWithNull()
        .invoke(this::report);
  }

  private Uni<Void> lookAtReplicas() {
    return all.isEmpty()
        ? Uni.createFrom().voidItem()
        : Uni.join()
            .all(all.stream().map(each -> each.look(primary, heartbeats)).toList())
            .andFailFast()
            .replaceWithVoid();
  }

  private Uni<Void> lookAtPrimary() {
    long sent = System.nanoTime();
    return control
        .preparedQuery(PRIMARY)
        .execute()
        .invoke(
            rows -> {
              Row row = rows.iterator().next().getDelegate();
              primary.add(
                  WritePositions.position(row), row.getOffsetDateTime("at").toInstant(), sent);
            })
        .replaceWithVoid()
        .onFailure()
        .invoke(failure -> LOG.debugf("the primary was not looked at: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  private void report() {
    lookedAt = System.nanoTime();
    all.forEach(
        each -> {
          ReplicaReading reading = each.reading(primary);
          each.report(reading, reading.isInRotation(settings.maxLag()));
        });
  }

  /** Those that may answer a read now, beginning with another one each time. */
  List<Replica> inRotation() {
    List<Replica> in = new ArrayList<>(all.size());
    for (Replica each : all) {
      if (isInRotation(each)) {
        in.add(each);
      }
    }
    if (in.size() > 1) {
      Collections.rotate(in, turn.getAndIncrement());
    }
    return in;
  }

  boolean isInRotation(Replica replica) {
    return reading(replica).isInRotation(settings.maxLag());
  }

  ReplicaReading reading(Replica replica) {
    return replica.reading(primary);
  }

  @Override
  public Uni<List<ReplicaReading>> readings() {
    Uni<Void> looked =
        all.isEmpty() || System.nanoTime() - lookedAt < FRESH.toNanos()
            ? Uni.createFrom().voidItem()
            : look();
    return looked.map(
        done -> all.stream().filter(each -> !each.isPrimary(primary)).map(this::reading).toList());
  }
}
