package io.zerodowntime.db;

import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a replica.
 *
 * @param look taken on the same connection before the snapshot of the rows; null if none was asked
 *     for
 */
public record ReplicaRows(@Nullable ReplicaLook look, RowSet<Row> rows) {

  /**
   * Whether the rows are of a snapshot that contains the write.
   *
   * @param asked null for a read that need not see any
   */
  public boolean show(@Nullable WritePosition asked) {
    return asked == null || (look != null && look.covers(asked));
  }
}
