package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Compares a whole table in one snapshot, by the sessions of one process; a process does so for one
 * run at a time. An attempt that fails, or whose process has gone, begins anew; after {@link
 * SnapshotStore#MAX_ATTEMPTS}, and where the snapshot would get too old, the run compares in the
 * order of the key.
 */
@ApplicationScoped
class SnapshotComparison {
  private static final Logger LOG = Logger.getLogger(SnapshotComparison.class);
  private static final Duration BACK_OFF = Duration.ofMillis(200);

  /** Connections of the pool that sessions leave to statements which write, at least. */
  private static final int LEFT = 2;

  final SnapshotStore store;
  final BackfillStream stream;
  final SharedWorkers workers;
  final Duration limit;
  private final int connections;

  /** Each keeps connections of the pool for as long as its snapshot lasts: one at a time. */
  private final FairSlots scans = new FairSlots(1);

  SnapshotComparison(
      SnapshotStore store,
      BackfillStream stream,
      SharedWorkers workers,
      MigrationConfig config,
      @ConfigProperty(name = "database.pools.engine") int connections) {
    this.store = store;
    this.stream = stream;
    this.workers = workers;
    this.limit = config.backfill().snapshotLimit();
    this.connections = connections;
  }

  FairSlots.Slot slot() {
    return scans.slot(1);
  }

  /**
   * Works on the run until it is over or compares in the order of the key. While another process
   * works on it, it waits, to take over when that one has gone.
   */
  Multi<BatchResult> work(Migration migration, Run run, int count) {
    int sessions = Math.max(1, Math.min(count, connections - LEFT));
    return Multi.createFrom()
        .deferred(() -> new SnapshotScan(this, migration, run, sessions).batches())
        .onFailure()
        .invoke(
            failure ->
                LOG.warnf(
                    "%s: run %d lost its snapshot: %s",
                    migration.name(), run.id(), failure.getMessage()))
        .onFailure()
        .retry()
        .withBackOff(BACK_OFF)
        .atMost(SnapshotStore.MAX_ATTEMPTS);
  }
}
