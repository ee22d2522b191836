package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlConnection;

/** Takes part in the transaction of a step: ends what belongs to the epoch that the step ends. */
public interface EpochEnd {

  /**
   * A step was taken in this transaction, which sees the new epoch and is not committed yet.
   *
   * @param migration the name of the migration
   * @return fails if the step must not be taken; the transaction rolls back then
   */
  Uni<Void> ended(SqlConnection transaction, String migration);
}
