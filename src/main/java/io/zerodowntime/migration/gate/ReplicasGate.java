package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;
import java.util.Optional;

/** Every streaming replica has replayed the backfill, so reads there are right too. */
final class ReplicasGate implements Gate {
  private static final String BEHIND =
      """
      SELECT count(*) AS replicas,
        count(*) FILTER (WHERE replay_lsn IS NULL OR replay_lsn < $1::text::pg_lsn) AS behind
      FROM pg_stat_replication
      WHERE state IS NULL OR state IN ('streaming', 'catchup')
      """;

  @Override
  public String name() {
    return "replicas";
  }

  @Override
  public Uni<Verdict> ask(GateContext context) {
    Optional<String> target = context.evidence().forward().flatMap(RunEvidence::finishLsn);
    if (target.isEmpty()) {
      return verdict(false, "no backfill to wait for yet", "complete the backfill");
    }
    return context
        .client()
        .preparedQuery(BEHIND)
        .execute(Tuple.of(target.get()))
        .map(rows -> rows.iterator().next())
        .chain(
            row ->
                verdict(
                    row.getLong("behind") == 0,
                    "%d replicas, %d behind %s or unreadable"
                        .formatted(row.getLong("replicas"), row.getLong("behind"), target.get()),
                    "wait; if it stays: look at pg_stat_replication, and grant pg_monitor"));
  }
}
