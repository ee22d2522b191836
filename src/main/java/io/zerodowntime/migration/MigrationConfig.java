package io.zerodowntime.migration;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** The engine's few knobs; {@code application.properties} says which variables set them. */
@ConfigMapping(prefix = "migration")
public interface MigrationConfig {
  /** The migration that the flags without a prefix belong to. */
  String primary();

  /** The file that defines the migrations, in YAML; without it, those that are shipped. */
  Optional<String> file();

  /** The directory of changelog files that stand behind the program's own; without it, none. */
  Optional<String> changelogDir();

  /** The directory of flag files; without it the environment counts, once, at start. */
  Optional<String> flagsDir();

  /** Whether the console may write the flag files of this machine: in development. */
  boolean localFlags();

  /** The ConfigMap of the flags, as namespace/name, for commands that are shown; or none. */
  Optional<String> flagsConfigMap();

  /** How long an instance counts as live after its last heartbeat. */
  @WithDefault("10s")
  Duration instanceTimeout();

  /** How often an instance reads its flags, publishes its heartbeat and reconciles. */
  Duration heartbeatInterval();

  /** How long phases 2 and 3 must last before the step that follows them. */
  Duration soak();

  /** With {@link Sync#DETECT}: how long no unfenced write may have been seen before phase 2. */
  @WithDefault("10m")
  Duration writersWindow();

  /** Whether the service applies the schema changes that are due automatically. */
  boolean autoExpand();

  /** The share of reads that compare both columns, 0 to 1. */
  double shadowSample();

  /** What a backfill or a parity scan is held to. */
  Backfill backfill();

  /** What schema changes are held to. */
  Schema schema();

  /** How schema changes wait for others. */
  interface Schema {
    /** How long attempts are repeated before a schema change is given up. */
    @WithDefault("2M")
    Duration retryTime();
  }

  /** Bounds of the adaptive pace, and what stops a worker. */
  interface Backfill {
    /** Rows in a batch at most. */
    int batchSize();

    /** The pause between two batches at most. */
    Duration delay();

    /** The share of its time that a worker works, above 0 and up to 1. */
    double targetLoad();

    /** Workers in this process; 0 leaves the work to others. */
    int workers();

    /** How long a comparison may keep one snapshot, and so hold back vacuum; 0 for never. */
    Duration snapshotLimit();

    /** The pace is the minimum while a replica is further behind, slower from half of it. */
    Duration maxReplicaLag();

    /** The pace is the minimum while more sessions than these wait for a lock, likewise. */
    int maxLockWaits();

    /** Indicators that the pace does not follow. */
    Optional<Set<IndicatorName>> ignoredIndicators();
  }
}
