package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import java.util.List;

/** How far the replicas are that {@code READ_REPLICA_URL} names. */
public interface ReplicaReadings {

  /**
   * One of each replica, not older than a few seconds; none where no replicas are named. A name
   * that leads to the primary, as after a failover, needs none.
   */
  Uni<List<ReplicaReading>> readings();
}
