package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;
import java.util.List;
import java.util.Map;

/** Where the effective phase is read. */
public interface StateSource {

  /**
   * The state as {@code client} sees it; fails with {@link MigrationException.Unknown} where the
   * migration was not registered by its expand changeset.
   */
  Uni<MigrationState> state(SqlClient client, Migration migration);

  /** The states of several, by their names, in one statement; without those not registered. */
  Uni<Map<String, MigrationState>> states(SqlClient client, List<Migration> migrations);
}
