package io.zerodowntime.orders;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.zerodowntime.db.DatabasePools;
import io.zerodowntime.db.WritePosition;
import io.zerodowntime.db.WritePositions;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Asks the database once a second which history it has; without Redis it never asks. */
@Singleton
class ReplayHistoryReader {
  private static final Logger LOG = Logger.getLogger(ReplayHistoryReader.class);

  /**
   * A key that no client can have, as it begins with a space and is not a hash. It never expires.
   * Its "fingerprint" is the secret: 32 bytes of the server's random generator for keys.
   */
  private static final String MAKE_SECRET =
      """
      INSERT INTO idempotency_key (key, fingerprint, status, response, created_at)
      VALUES (' secret of replays', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
        0, '', 'infinity')
      ON CONFLICT (key) DO NOTHING
      """;

  private static final String READ =
      """
      SELECT secret.fingerprint AS secret, state.epoch, now() AS at, ended.*
      FROM idempotency_key AS secret, migration_state AS state, (
      %s) AS ended
      WHERE secret.key = ' secret of replays' AND state.name = 'orders-status'
      """
          .formatted(WritePositions.POSITION);

  private final Pool control;
  private final OrderMigration migration;
  private volatile @Nullable ReplayHistory last;

  ReplayHistoryReader(@Identifier(DatabasePools.CONTROL) Pool control, OrderMigration migration) {
    this.control = control;
    this.migration = migration;
  }

  private static @Nullable ReplayHistory history(RowSet<Row> rows, long asked) {
    if (rows.size() == 0) {
      return null;
    }
    Row row = rows.iterator().next();
    WritePosition position = WritePositions.position(row.getDelegate());
    return new ReplayHistory(
        row.getBuffer("secret").getBytes(),
        position.system() + "/" + position.timeline() + "/" + row.getLong("epoch"),
        row.getOffsetDateTime("at").toInstant(),
        asked,
        System.nanoTime());
  }

  /** Empty until the database has answered, and while its last answer is not fresh. */
  Optional<ReplayHistory> current() {
    ReplayHistory known = last;
    return known != null && known.isFresh(System.nanoTime())
        ? Optional.of(known)
        : Optional.empty();
  }

  /** Asks once; where the database does not answer, its last answer gets old. */
  @Scheduled(
      every = "${zerodowntime.redis-look:off}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> look() {
    if (!migration.isDefined()) {
      return Uni.createFrom().voidItem();
    }
    long asked = System.nanoTime();
    return control
        .preparedQuery(READ)
        .execute()
        .map(rows -> Optional.ofNullable(history(rows, asked)))
        .call(found -> found.isPresent() ? Uni.createFrom().voidItem() : makeSecret())
        .invoke(found -> last = found.orElse(null))
        .replaceWithVoid()
        .onFailure()
        .invoke(failure -> LOG.debugf("no history of the database: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  private Uni<Void> makeSecret() {
    return control.preparedQuery(MAKE_SECRET).execute().replaceWithVoid();
  }
}
