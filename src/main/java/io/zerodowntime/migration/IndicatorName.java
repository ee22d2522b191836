package io.zerodowntime.migration;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/**
 * What the pace of a run looks at, one for each thing that a run may spoil. A setting names some.
 */
@RegisterForReflection
public enum IndicatorName {
  /** The service's own p95 and p99 against their baselines. */
  LATENCY,
  /** How long statements of requests wait for a connection. */
  POOL_WAIT,
  /** Sessions that wait for a lock. */
  LOCK_WAITS,
  /** How far replicas are behind. */
  REPLICA_LAG,
  /** WAL against the checkpoints that it forces. */
  WAL_RATE,
  /** Vacuum, analyze, index build or validation of the table. */
  MAINTENANCE,
  /** Dead rows that autovacuum does not remove. */
  DEAD_TUPLES,
  /** Transactions that keep vacuum from removing dead rows. */
  LONG_TRANSACTIONS;

  /** As it stands in the status, in metrics and on the log. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
