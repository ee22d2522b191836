package io.zerodowntime.migration;

import java.time.OffsetDateTime;

/**
 * One instance of the service whose heartbeat is fresh by the database's clock.
 *
 * @param requested the phase that its flags ask for
 * @param writesUpTo the highest phase whose statements its version can send
 * @param version begins with {@code sql} where the heartbeat was sent by the SQL function
 */
public record LiveInstance(
    String instance,
    Phase requested,
    Phase writesUpTo,
    String version,
    OffsetDateTime startedAt,
    OffsetDateTime heartbeatAt) {

  /** Whether it is an instance of another service, which sends its heartbeats by SQL. */
  public boolean sentBySql() {
    return version.equals("sql") || version.startsWith("sql ");
  }
}
