package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlConnection;

/** Takes part in the transaction that completes a run. */
public interface RunCompletion {

  /**
   * A run was completed in this transaction, which sees it and is not committed yet.
   *
   * @return fails if the run must not complete; the transaction rolls back then
   */
  Uni<Void> completed(SqlConnection transaction, Migration migration, RunKind kind);
}
