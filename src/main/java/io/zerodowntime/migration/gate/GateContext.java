package io.zerodowntime.migration.gate;

import io.vertx.mutiny.sqlclient.SqlClient;
import io.zerodowntime.db.ReplicaReadings;
import io.zerodowntime.migration.Evidence;
import io.zerodowntime.migration.LiveInstance;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationState;
import java.time.Duration;
import java.util.List;

/**
 * What a gate judges by.
 *
 * @param client the reconciler's transaction, or the pool for a mere look
 * @param evidence what was proven in this epoch
 * @param columns what the catalog says of the two columns
 * @param live the instances whose heartbeat is fresh
 * @param soak how long a phase must last before its evidence counts
 * @param readsCompared whether code of this program compares both columns of some reads
 * @param detectionWindow how long no unfenced write may have been seen
 * @param definitions what PostgreSQL says of definitions
 * @param replicas how far the replicas are that READ_REPLICA_URL names
 */
record GateContext(
    SqlClient client,
    Migration migration,
    MigrationState state,
    Evidence evidence,
    Columns columns,
    List<LiveInstance> live,
    Duration soak,
    boolean readsCompared,
    Duration detectionWindow,
    DefinitionCheck definitions,
    ReplicaReadings replicas) {}
