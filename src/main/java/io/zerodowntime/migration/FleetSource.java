package io.zerodowntime.migration;

import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.SqlClient;

/** Where the live instances are read, and the name that this one has among them. */
public interface FleetSource {

  /** The name of this process in the engine's tables: host and a random part. */
  String self();

  /** The instances with a fresh heartbeat, as {@code client} sees them. */
  Uni<Fleet> fleet(SqlClient client, Migration migration);
}
