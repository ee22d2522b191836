package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/** One attempt at a read on a replica. */
public interface ReplicaAttempt<T> {

  /**
   * @param asked the write that the answer must show; null for none
   */
  Uni<ReplicaAnswer<T>> on(Replica replica, @Nullable WritePosition asked);
}
