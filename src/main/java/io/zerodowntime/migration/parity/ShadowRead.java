package io.zerodowntime.migration.parity;

import io.quarkus.arc.All;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.MigrationListener.ShadowResult;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Phase;
import io.zerodowntime.migration.ShadowSink;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * Counts what live reads found and flushes it to the database, where the counts of the whole fleet
 * meet. Only phase 2 counts as evidence, and only while the old column is not stale by design: the
 * flush decides that, in the database.
 */
@ApplicationScoped
public class ShadowRead implements ShadowSink {
  private static final Logger LOG = Logger.getLogger(ShadowRead.class);
  private static final int MAX_KEPT = 1000;

  private static final String COUNT =
      """
      INSERT INTO parity_shadow (migration, epoch, minute, matches, mismatches, errors)
      SELECT name, epoch, date_trunc('minute', now()), $2, $3, 0
      FROM migration_state WHERE name = $1 AND phase = 2 AND NOT old_stale
      ON CONFLICT (migration, epoch, minute) DO UPDATE
      SET matches = parity_shadow.matches + excluded.matches,
        mismatches = parity_shadow.mismatches + excluded.mismatches
      """;

  private static final String KEEP =
      """
      INSERT INTO parity_mismatch (migration, key, epoch, source, old_value, new_value)
      SELECT name, $2, epoch, 'shadow', $3, $4
      FROM migration_state WHERE name = $1 AND phase = 2 AND NOT old_stale
      ON CONFLICT (migration, key) DO UPDATE
      SET epoch = excluded.epoch, source = excluded.source, old_value = excluded.old_value,
        new_value = excluded.new_value, found_at = now(), repaired_at = NULL
      """;

  private final Pool pool;
  private final Migrations migrations;
  private final List<MigrationListener> listeners;
  private final Map<String, Counts> counts = new ConcurrentHashMap<>();

  ShadowRead(Pool pool, Migrations migrations, @All List<MigrationListener> listeners) {
    this.pool = pool;
    this.migrations = migrations;
    this.listeners = listeners;
  }

  @Override
  public void compared(
      Migration migration,
      Phase phase,
      String key,
      boolean match,
      String oldValue,
      String newValue) {
    if (phase != Phase.READ_NEW) {
      return;
    }
    Counts mine = counts.computeIfAbsent(migration.name(), name -> new Counts());
    (match ? mine.matches : mine.mismatches).incrementAndGet();
    if (!match && mine.keptCount.incrementAndGet() <= MAX_KEPT) {
      mine.kept.add(Tuple.of(migration.name(), key, oldValue, newValue));
    }
  }

  /** Adds what was counted since the last flush to the fleet's counts. */
  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  public Uni<Void> flush() {
    return migrations.each(this::flush);
  }

  private Uni<Void> flush(Migration migration) {
    Counts mine = counts.get(migration.name());
    if (mine == null || (mine.matches.get() == 0 && mine.mismatches.get() == 0)) {
      return Uni.createFrom().voidItem();
    }
    long matches = mine.matches.getAndSet(0);
    long mismatches = mine.mismatches.getAndSet(0);
    return pool.preparedQuery(COUNT)
        .execute(Tuple.of(migration.name(), matches, mismatches))
        .invoke(counted -> tell(migration, counted.rowCount() == 1, matches, mismatches))
        .onFailure()
        .invoke(
            failure -> {
              mine.matches.addAndGet(matches);
              mine.mismatches.addAndGet(mismatches);
              LOG.warnf("shadow reads not counted yet: %s", failure.getMessage());
            })
        .onFailure()
        .recoverWithNull()
        .chain(() -> keep(mine));
  }

  private void tell(Migration migration, boolean evidence, long matches, long mismatches) {
    if (evidence) {
      listeners.forEach(
          l -> {
            l.onShadowReads(migration, ShadowResult.MATCH, matches);
            l.onShadowReads(migration, ShadowResult.MISMATCH, mismatches);
          });
    }
  }

  private Uni<Void> keep(Counts mine) {
    List<Tuple> found = new ArrayList<>();
    for (Tuple next = mine.kept.poll(); next != null; next = mine.kept.poll()) {
      found.add(next);
    }
    if (found.isEmpty()) {
      return Uni.createFrom().voidItem();
    }
    mine.keptCount.addAndGet(-found.size());
    LOG.warnf("shadow reads found %d rows whose columns disagree", found.size());
    return pool.preparedQuery(KEEP)
        .executeBatch(found)
        .onFailure()
        .invoke(
            failure -> {
              mine.kept.addAll(found);
              mine.keptCount.addAndGet(found.size());
            })
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  private static final class Counts {
    final AtomicLong matches = new AtomicLong();
    final AtomicLong mismatches = new AtomicLong();
    final AtomicInteger keptCount = new AtomicInteger();
    final Queue<Tuple> kept = new ConcurrentLinkedQueue<>();
  }
}
