package io.zerodowntime.migration.backfill.indicator;

import io.zerodowntime.migration.IndicatorName;
import io.zerodowntime.migration.MigrationConfig;
import io.zerodowntime.migration.ServiceReading;
import java.util.List;
import java.util.Set;

/** Every indicator but those that are turned off, in the order in which they are shown. */
public final class Indicators {
  private final Latency latency = new Latency();
  private final PoolWait poolWait = new PoolWait();
  private final List<Indicator> all;

  public Indicators(MigrationConfig.Backfill config) {
    Set<IndicatorName> ignored = config.ignoredIndicators().orElse(Set.of());
    all =
        List.<Indicator>of(
                latency,
                poolWait,
                new LockWaits(config.maxLockWaits()),
                new ReplicaLag(config.maxReplicaLag()),
                new WalRate(),
                new Maintenance(),
                new DeadTuples(),
                new LongTransactions())
            .stream()
            .filter(each -> !ignored.contains(each.name()))
            .toList();
  }

  /** What each of them says of a run over this table. */
  public List<Reading> read(Observation seen, String table) {
    TableReading ofTable = seen.table(table);
    return all.stream().map(each -> each.read(seen, ofTable)).toList();
  }

  /** Takes note of how requests do while no worker works. */
  public void learn(ServiceReading service) {
    latency.learn(service);
    poolWait.learn(service);
  }

  /** Whether requests are compared with a baseline, and there are enough of them. */
  public boolean isJudged(ServiceReading service) {
    return all.contains(latency) && latency.isJudged(service);
  }

  /** Whether that baseline is not known yet. */
  public boolean needsBaseline(ServiceReading service) {
    return all.contains(latency) && latency.needsBaseline(service);
  }
}
