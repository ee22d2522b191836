package io.zerodowntime.migration.parity;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.MigrationException.Refused;
import io.zerodowntime.migration.backfill.Backfill;
import io.zerodowntime.migration.backfill.Run;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The rows whose columns were seen to disagree. The authoritative column wins; the scan that
 * follows the repair says whether it held.
 */
@ApplicationScoped
public class MismatchRepair {
  private static final Logger LOG = Logger.getLogger(MismatchRepair.class);

  /** Keys in one repair at most, and keys that one scan records at most in a batch. */
  public static final int MAX_KEYS = 1000;

  private static final String UNREPAIRED =
      """
      SELECT key, epoch, source, old_value, new_value, found_at
      FROM parity_mismatch WHERE migration = $1 AND repaired_at IS NULL
      ORDER BY found_at, key LIMIT $2
      """;

  private static final String PURGE =
      "DELETE FROM parity_mismatch WHERE repaired_at < now() - make_interval(days => $1)";

  private static final int REPAIRED_KEPT_DAYS = 30;

  private final Pool pool;
  private final Backfill backfill;

  MismatchRepair(Pool pool, Backfill backfill) {
    this.pool = pool;
    this.backfill = backfill;
  }

  private static Mismatch mismatch(Row row) {
    return new Mismatch(
        row.getString("key"),
        row.getLong("epoch"),
        row.getString("source"),
        Optional.ofNullable(row.getString("old_value")),
        Optional.ofNullable(row.getString("new_value")),
        row.getOffsetDateTime("found_at"));
  }

  /** The mismatches that no scan has found repaired, the oldest first, at most {@code limit}. */
  public Uni<List<Mismatch>> unrepaired(Migration migration, int limit) {
    return pool.preparedQuery(UNREPAIRED)
        .execute(Tuple.of(migration.name(), limit))
        .map(rows -> rows.stream().map(MismatchRepair::mismatch).toList());
  }

  /**
   * Starts a backfill of the mismatched keys from the authoritative column, in the direction that
   * the phase allows. Where more than {@link #MAX_KEYS} may disagree, it is one of every row.
   *
   * @return the run; fails with {@link Refused} if there is no such key, and outside phases 1 and 2
   */
  public Uni<Run> start(Migration migration, String requestedBy) {
    return unrepaired(migration, MAX_KEYS)
        .map(found -> found.stream().map(Mismatch::key).toList())
        .chain(
            keys ->
                switch (keys.size()) {
                  case 0 -> Uni.createFrom().failure(new Refused("no mismatch is left to repair"));
                  case MAX_KEYS -> backfill.start(migration, backfill.defaultLimits(), requestedBy);
                  default -> backfill.startRepair(migration, keys, requestedBy);
                });
  }

  /** Deletes mismatches that were repaired 30 days ago or earlier. */
  @Scheduled(every = "1h", delayed = "6m")
  Uni<Void> purge() {
    return pool.preparedQuery(PURGE)
        .execute(Tuple.of(REPAIRED_KEPT_DAYS))
        .replaceWithVoid()
        .onFailure()
        .invoke(failure -> LOG.warnf("mismatches not purged: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /**
   * One row whose columns disagreed.
   *
   * @param source {@code scan} or {@code shadow}
   */
  public record Mismatch(
      String key,
      long epoch,
      String source,
      Optional<String> oldValue,
      Optional<String> newValue,
      OffsetDateTime foundAt) {}
}
