package io.zerodowntime.migration.parity;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.SqlConnection;
import io.vertx.mutiny.sqlclient.Tuple;
import io.zerodowntime.migration.Migration;
import io.zerodowntime.migration.SqlName;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The keys of rows whose columns were seen to disagree, by comparisons or by live reads. */
@ApplicationScoped
public class Mismatches {
  private static final Logger LOG = Logger.getLogger(Mismatches.class);

  private static final String UNREPAIRED =
      """
      SELECT key, epoch, source, old_value, new_value, found_at
      FROM parity_mismatch WHERE migration = $1 AND repaired_at IS NULL
      ORDER BY found_at, key LIMIT $2
      """;

  /** A whole-table comparison judges anew every row that was known to disagree. */
  private static final String SETTLE =
      """
      UPDATE parity_mismatch m SET repaired_at = now()
      FROM backfill_run r
      WHERE r.id = $1 AND r.kind = 'parity' AND r.whole_table
        AND m.migration = r.migration AND m.repaired_at IS NULL AND m.found_at < r.started_at
      """;

  private static final String RECORD =
      """
      INSERT INTO parity_mismatch (migration, key, epoch, source, old_value, new_value)
      %s
      ON CONFLICT (migration, key) DO UPDATE
      SET epoch = excluded.epoch, source = excluded.source, old_value = excluded.old_value,
        new_value = excluded.new_value, found_at = now(), repaired_at = NULL
      """;

  private static final String PURGE =
      "DELETE FROM parity_mismatch WHERE repaired_at < now() - make_interval(days => $1)";

  private static final int REPAIRED_KEPT_DAYS = 30;

  private final Pool pool;

  Mismatches(Pool pool) {
    this.pool = pool;
  }

  private static Mismatch mismatch(Row row) {
    return new Mismatch(
        row.getString("key"),
        row.getLong("epoch"),
        MismatchSource.of(row.getString("source")),
        Optional.ofNullable(row.getString("old_value")),
        Optional.ofNullable(row.getString("new_value")),
        row.getOffsetDateTime("found_at"));
  }

  /**
   * A statement that records keys, to be part of a larger one or sent alone. A key that was known
   * before, repaired or not, is recorded anew.
   *
   * @param select a query with the columns migration, key, epoch, {@code %(source)}, old value and
   *     new value; at most one row for each key
   */
  public static String record(MismatchSource source, String select) {
    String literal = SqlName.literal(source.label());
    return RECORD.formatted(select.strip().replace("%(source)", literal));
  }

  /**
   * Marks as repaired what a complete whole-table comparison has judged anew and did not record
   * again; does nothing for another run, or for null.
   */
  public static Uni<Void> settle(SqlConnection transaction, @Nullable Long run) {
    return transaction.preparedQuery(SETTLE).execute(Tuple.of(run)).replaceWithVoid();
  }

  /** The mismatches that no scan has found repaired, the oldest first, at most {@code limit}. */
  public Uni<List<Mismatch>> unrepaired(Migration migration, int limit) {
    return pool.preparedQuery(UNREPAIRED)
        .execute(Tuple.of(migration.name(), limit))
        .map(rows -> rows.stream().map(Mismatches::mismatch).toList());
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
   * @param oldValue what the old column held; of several columns a JSON object by their names, with
   *     up to 1,000 characters of each
   * @param newValue the same of the new columns
   */
  public record Mismatch(
      String key,
      long epoch,
      MismatchSource source,
      Optional<String> oldValue,
      Optional<String> newValue,
      OffsetDateTime foundAt) {}
}
