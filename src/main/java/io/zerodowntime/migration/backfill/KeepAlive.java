package io.zerodowntime.migration.backfill;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.vertx.mutiny.sqlclient.SqlConnection;
import java.time.Duration;

/**
 * Keeps the server from ending a session as idle in its transaction while its lanes wait for other
 * runs. A process that is stopped sends nothing, and loses its session.
 */
final class KeepAlive {
  private static final Duration EVERY = Duration.ofSeconds(10);

  private KeepAlive() {}

  /**
   * Sends a short statement over and over, until it is cancelled.
   *
   * @param idleSeconds when the server ends an idle session; 0 if it does not
   * @param longest when it stops
   */
  static Cancellable of(SqlConnection connection, double idleSeconds, Duration longest) {
    Duration third = Duration.ofMillis((long) (idleSeconds * 1000 / 3));
    return Multi.createFrom()
        .ticks()
        .every(third.isZero() || third.compareTo(EVERY) > 0 ? EVERY : third)
        .onOverflow()
        .drop()
        .select()
        .first(longest)
        .onItem()
        .transformToUniAndConcatenate(tick -> ping(connection))
        .subscribe()
        .with(answered -> {});
  }

  /** Whoever uses the session sees what fails. */
  private static Uni<Void> ping(SqlConnection connection) {
    return connection.query("SELECT 1").execute().replaceWithVoid().onFailure().recoverWithNull();
  }
}
