package io.zerodowntime.migration.gate;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.db.ReplicaReading;
import io.zerodowntime.migration.Evidence.RunEvidence;
import io.zerodowntime.migration.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Every replica has replayed the backfill, so reads there are right too: those that stream from
 * this server, and those that {@code READ_REPLICA_URL} names, which may stream from another replica
 * or not at all.
 */
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
        .chain(row -> judge(context, row, target.get()));
  }

  private Uni<Verdict> judge(GateContext context, Row row, String target) {
    if (row.getLong("behind") > 0) {
      return verdict(
          false,
          "%d replicas, %d behind %s or unreadable"
              .formatted(row.getLong("replicas"), row.getLong("behind"), target),
          "wait; if it stays: look at pg_stat_replication, and grant pg_monitor");
    }
    return context
        .replicas()
        .readings()
        .chain(named -> judge(row.getLong("replicas"), named, target));
  }

  private Uni<Verdict> judge(long streaming, List<ReplicaReading> named, String target) {
    List<ReplicaReading> behind = named.stream().filter(each -> !each.hasReplayed(target)).toList();
    return behind.isEmpty()
        ? verdict(
            true,
            "%d replicas, 0 behind %s or unreadable; %d named, all past it"
                .formatted(streaming, target, named.size()),
            "")
        : verdict(
            false,
            "READ_REPLICA_URL names "
                + behind.stream()
                    .map(each -> each.replica() + " (" + each.problem().orElse("behind") + ")")
                    .collect(Collectors.joining(", "))
                + ", not past "
                + target,
            "wait; bring the replica back, or take it out of READ_REPLICA_URL");
  }
}
