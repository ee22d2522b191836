package io.zerodowntime.migration.parity;

import io.quarkus.arc.All;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationListener;
import io.zerodowntime.migration.MigrationListener.ShadowResult;
import io.zerodowntime.migration.Migrations;
import io.zerodowntime.migration.Sequential;
import io.zerodowntime.migration.ShadowReadListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;

/**
 * Counts what live reads found and flushes it to the database, where the counts of the whole fleet
 * meet. Only phase 2 counts as evidence, and only while the old column is not stale by design: the
 * snapshot of each read decides that, not the moment of the flush.
 */
@ApplicationScoped
public class ShadowReadRecorder implements ShadowReadListener {
  private static final Logger LOG = Logger.getLogger(ShadowReadRecorder.class);

  private final ShadowStore store;
  private final Migrations migrations;
  private final List<MigrationListener> listeners;
  private final Map<Window, ShadowTally> tallies = new ConcurrentHashMap<>();

  ShadowReadRecorder(
      ShadowStore store, Migrations migrations, @All List<MigrationListener> listeners) {
    this.store = store;
    this.migrations = migrations;
    this.listeners = listeners;
  }

  @Override
  public void compared(
      Migration migration,
      Epoch epoch,
      String key,
      boolean match,
      String oldValue,
      String newValue) {
    if (epoch.comparable()) {
      change(
          new Window(migration.name(), epoch.number()),
          tally ->
              match
                  ? tally.match()
                  : tally.mismatch(new ShadowTally.Mismatch(key, oldValue, newValue)));
    }
  }

  @Override
  public void failed(Migration migration, Epoch epoch, Throwable reason) {
    if (epoch.comparable()) {
      change(
          new Window(migration.name(), epoch.number()),
          tally -> tally.error(String.valueOf(reason.getMessage())));
    }
  }

  /** One change at a time, and none after a flush has taken the tally away. */
  private void change(Window window, UnaryOperator<ShadowTally> change) {
    tallies.compute(
        window, (key, tally) -> change.apply(tally == null ? new ShadowTally() : tally));
  }

  /** Adds what was counted since the last flush to the fleet's counts. */
  @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  public Uni<Void> flush() {
    return migrations.each(this::flush);
  }

  private Uni<Void> flush(Migration migration) {
    return Sequential.run(
        tallies.keySet().stream()
            .filter(window -> window.migration().equals(migration.name()))
            .toList(),
        window -> flush(migration, window));
  }

  private Uni<Void> flush(Migration migration, Window window) {
    ShadowTally tally = tallies.remove(window);
    return count(migration, window, tally).chain(() -> keep(window, tally));
  }

  private Uni<Void> count(Migration migration, Window window, ShadowTally tally) {
    if (tally.errors > 0) {
      LOG.warnf("%d shadow reads failed, the last one: %s", tally.errors, tally.lastError);
    }
    return store
        .count(window.migration(), window.epoch(), tally)
        .invoke(evidence -> tell(migration, evidence, tally))
        .onFailure()
        .invoke(
            failure -> {
              change(window, kept -> kept.addCounts(tally));
              LOG.warnf("shadow reads not counted yet: %s", failure.getMessage());
            })
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  private void tell(Migration migration, boolean evidence, ShadowTally tally) {
    if (evidence) {
      for (MigrationListener listener : listeners) {
        listener.onShadowReads(migration, ShadowResult.MATCH, tally.matches);
        listener.onShadowReads(migration, ShadowResult.MISMATCH, tally.mismatches);
        listener.onShadowReads(migration, ShadowResult.ERROR, tally.errors);
      }
    }
  }

  private Uni<Void> keep(Window window, ShadowTally tally) {
    if (tally.kept().isEmpty()) {
      return Uni.createFrom().voidItem();
    }
    LOG.warnf("shadow reads found %d rows whose columns disagree", tally.kept().size());
    return store
        .keep(window.migration(), window.epoch(), tally.kept())
        .onFailure()
        .invoke(failure -> change(window, kept -> kept.addKept(tally)))
        .onFailure()
        .recoverWithNull();
  }

  @Scheduled(every = "1h", delayed = "7m")
  Uni<Void> purge() {
    return store
        .purge()
        .onFailure()
        .invoke(failure -> LOG.warnf("shadow reads not purged: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /** What is counted together: one stay in a phase. */
  private record Window(String migration, long epoch) {}
}
